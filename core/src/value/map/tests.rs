//! The small and the indexed form answer alike: both against `indexmap`, step by step.

use indexmap::IndexMap;

use super::*;

/// A short stream of numbers that look drawn by lot.
fn numbers(seed: u64) -> impl Iterator<Item = u64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    })
}

fn same(ours: &OrderedMap<u64>, model: &IndexMap<Value, u64>) {
    assert_eq!(ours.len(), model.len());
    assert!(ours.iter().eq(model.iter()), "{ours:?} {model:?}");
    for (place, (key, value)) in model.iter().enumerate() {
        assert_eq!((ours.get(key), ours.get_index_of(key)), (Some(value), Some(place)));
    }
    assert_eq!(ours.get("not there"), None);
}

#[test]
fn every_step_is_that_of_the_model() {
    for keys in [8, 17, 60] {
        let (mut ours, mut model) = (OrderedMap::new(), IndexMap::new());
        let mut lot = numbers(keys);
        let mut draw = |below: u64| lot.next().map_or(0, |number| number % below);
        for step in 0..2_000 {
            let key = match draw(keys) {
                number if number % 2 == 0 => Value::from(format!("k{number}")),
                number => Value::Int(number as i64),
            };
            match draw(12) {
                0..=5 => assert_eq!(ours.insert(key.clone(), step), model.insert(key, step)),
                6 => {
                    *ours.entry(key.clone()).or_insert(7) += 1;
                    *model.entry(key).or_insert(7) += 1;
                }
                7 | 8 => assert_eq!(ours.shift_remove(&key), model.shift_remove(&key)),
                9 => assert_eq!(ours.pop(), model.pop()),
                10 if model.len() > 1 => {
                    let (from, to) = (draw(model.len() as u64), draw(model.len() as u64));
                    ours.move_index(from as usize, to as usize);
                    model.move_index(from as usize, to as usize);
                }
                _ => {
                    ours.retain(|_, value| *value % 7 != 0);
                    model.retain(|_, value| *value % 7 != 0);
                }
            }
            same(&ours, &model);
        }
    }
}

#[test]
fn sorting_and_copies_keep_the_index() {
    let mut map: OrderedMap<i64> = (0..40).rev().map(|n| (Value::Int(n), n)).collect();
    let before = map.clone();
    map.sort_by(|_, a, _, b| a.cmp(b));
    assert!(map.values().copied().eq(0..40));
    assert_eq!(map, before, "order does not count");
    assert_eq!(
        (before.get_index_of(&Value::Int(39)), map.get(&Value::Int(39))),
        (Some(0), Some(&39))
    );
    map.clear();
    assert_eq!((map.len(), map.get(&Value::Int(1))), (0, None));
}
