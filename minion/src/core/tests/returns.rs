//! Returns: kept until the master has them, whatever master and disk do.

use halite_core::Jid;

use super::*;

#[test]
fn a_return_stays_on_disk_until_the_master_has_it() {
    let mut world = World::joined();
    world.master.answers = false;
    world.job_done(JID);
    world.pass(120_000);
    assert!(world.disk.contains_key(JID));
    world.master.answers = true;
    world.pass(120_000);
    assert_eq!(world.master.returns, [JID]);
    assert!(world.disk.is_empty());
    assert!(world.core.is_quiet());
}

#[test]
fn a_quick_return_waits_until_a_real_salt_master_looks_for_it() {
    let mut world = World::joined();
    let packet = world.master.publish(JID);
    world.feed(Input::Published(packet));
    world.pass(20);
    world.job_done(JID);
    assert!(world.master.returns.is_empty(), "its command line would not see it");
    world.pass(limits::FOREIGN_RETURN_MS - 21);
    assert!(world.master.returns.is_empty());
    world.pass(1);
    assert_eq!(world.master.returns, [JID]);
    assert!(world.disk.is_empty());

    let packet = world.master.publish(JID2);
    world.feed(Input::Published(packet));
    world.pass(limits::FOREIGN_RETURN_MS);
    world.job_done(JID2);
    assert_eq!(world.master.returns, [JID, JID2], "a longer job is not held up");
}

#[test]
fn a_master_of_our_own_gets_returns_at_once() {
    let mut world = World::new(Map::new());
    world.master.gcm = true;
    world.feed(Input::Tick);
    world.master.accept();
    world.pass(11_000);
    let packet = world.master.publish(JID);
    world.feed(Input::Published(packet));
    world.job_done(JID);
    assert_eq!(world.master.returns, [JID]);
}

#[test]
fn returns_of_the_last_run_are_sent() {
    let kept = Kept { returns: vec![JID.into(), JID2.into()], ..Kept::default() };
    let mut world = World::with(Map::new(), kept);
    let load = |jid: &str| {
        map! {"cmd" => "_return", "jid" => jid, "fun" => "f", "fun_args" => Vec::<Value>::new(),
        "return" => 1, "retcode" => 0, "success" => true}
    };
    world.disk.insert(JID.into(), load(JID));
    world.feed(Input::Tick);
    world.master.accept();
    world.pass(60_000);
    assert_eq!(
        (world.master.returns.as_slice(), world.buried.as_slice()),
        (&[JID.into()][..], &[JID2.into()][..])
    );
    assert!(world.core.is_quiet());
}

/// A minion that has joined a master of our own.
fn joined_ours() -> World {
    let mut world = World::new(Map::new());
    world.master.gcm = true;
    world.feed(Input::Tick);
    world.master.accept();
    world.pass(11_000);
    world
}

#[test]
fn a_return_that_waits_outlives_a_power_cut() {
    let mut world = joined_ours();
    world.job_done(JID);
    world.pass(60_000);
    assert!(world.synced.is_empty(), "one that is taken at once costs the disk nothing");
    world.master.answers = false;
    world.job_done(JID2);
    world.pass(limits::RETURN_SYNC_MS - 1);
    assert!(world.synced.is_empty());
    world.pass(60_000);
    assert_eq!(world.synced, [JID2], "once");
}

#[test]
fn a_return_that_the_master_will_not_have_is_put_aside() {
    let mut world = joined_ours();
    world.master.refuses = true;
    world.job_done(JID);
    world.pass(10_000);
    assert!(world.buried.is_empty(), "not at once");
    world.pass(600_000);
    assert_eq!(world.buried, [JID]);
    assert!(world.core.is_quiet());
    world.master.refuses = false;
    world.job_done(JID2);
    assert_eq!(world.master.returns, [JID2]);
}

#[test]
fn returns_that_a_full_disk_does_not_take_are_held_in_memory() {
    let mut world = joined_ours();
    world.disk_full = true;
    world.job_done(JID);
    assert_eq!(world.master.returns, [JID], "the disk is not needed while the master answers");
    world.master.answers = false;
    let jid = |number: usize| format!("20261122000001{number:06}");
    let most = limits::RETURNS_IN_MEMORY;
    (0..most + 5).for_each(|number| world.job_done(&jid(number)));
    assert_eq!(world.core.returns.held(), most);
    world.pass(120_000);
    world.master.answers = true;
    world.pass(600_000);
    assert_eq!(world.master.returns.len(), 1 + most);
    assert!(world.core.is_quiet());
}

#[test]
fn a_job_of_its_own_keeps_its_jid_with_masters_of_our_own_alone() {
    for (mut world, told) in [(joined_ours(), JID), (World::joined(), "")] {
        let load = map! {"cmd" => "_return", "jid" => Jid::REQUEST, "fun" => "test.ping", "schedule" => "beat",
        "fun_args" => Vec::<Value>::new(), "return" => true, "retcode" => 0, "success" => true};
        world.feed(Input::Returned { name: JID.into(), load });
        assert_eq!(world.master.returns, [told], "a Salt master makes the jid");
    }
}
