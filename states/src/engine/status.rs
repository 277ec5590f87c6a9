//! What the dependencies of a chunk have done, and what that means for it: two tables.

use crate::compiler::Kind;

/// What one finished dependency says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It has not run yet.
    Unmet,
    /// It failed.
    Fail,
    /// It wants what depends on it to be skipped.
    SkipReq,
    /// It changed something, and is watched.
    Change,
    /// Its test run would change something.
    Premet,
    /// Its test run would change nothing.
    Pre,
    /// It did not fail, and that is what `onfail` waits for.
    Onfail,
    /// It changed nothing, and `onchanges` waits for that.
    Onchanges,
    /// It changed something, and `onchanges` waits for that.
    OnchangesMet,
    /// It ran.
    Met,
}

/// What is to happen with a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Run dependencies first.
    Unmet,
    /// Wait for parallel dependencies.
    Pending,
    /// It fails without being run.
    Fail,
    /// Not run: a dependency wants it skipped.
    SkipReq,
    /// Run, but do not react to changes.
    SkipWatch,
    /// Not run: what it precedes would change nothing.
    Pre,
    /// Not run: nothing failed.
    Onfail,
    /// Not run: nothing changed.
    Onchanges,
    /// Run, and react to the changes of what it watches.
    Change,
    /// Run.
    Met,
}

/// A set of marks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks(u16);

impl Marks {
    /// Adds one.
    pub fn add(&mut self, mark: Mark) {
        self.0 |= 1 << mark as u16;
    }

    /// Takes one out.
    pub fn remove(&mut self, mark: Mark) {
        self.0 &= !(1 << mark as u16);
    }

    /// Whether one is in it.
    pub fn has(self, mark: Mark) -> bool {
        self.0 & (1 << mark as u16) != 0
    }

    /// Adds all of another.
    pub fn join(&mut self, other: Marks) {
        self.0 |= other.0;
    }

    /// A set of these.
    pub fn of(marks: &[Mark]) -> Marks {
        let mut set = Marks::default();
        marks.iter().for_each(|mark| set.add(*mark));
        set
    }

    /// What the dependencies of one kind say together: the `_any` kinds are content with one, and
    /// `onfail_all` wants all.
    #[must_use]
    pub fn settle(mut self, kind: Kind) -> Marks {
        if kind.any() {
            if self.has(Mark::Met) || self.has(Mark::Change) {
                self.remove(Mark::Fail);
            }
            if self.has(Mark::OnchangesMet) {
                self.remove(Mark::Onchanges);
                self.remove(Mark::Fail);
            }
            if self.has(Mark::Met) {
                self.remove(Mark::Onfail);
            }
        }
        if kind == Kind::OnfailAll && self.has(Mark::Onfail) {
            self.remove(Mark::Met);
        }
        self
    }
}

/// What the marks of all kinds together mean: the first line that fits.
pub fn status(marks: Marks, pending: bool) -> Status {
    let has = |mark| marks.has(mark);
    match () {
        () if has(Mark::Unmet) => Status::Unmet,
        () if pending => Status::Pending,
        () if has(Mark::Fail) => Status::Fail,
        () if has(Mark::SkipReq) && (has(Mark::OnchangesMet) || has(Mark::Premet)) => {
            Status::SkipReq
        }
        () if has(Mark::SkipReq) && has(Mark::Change) => Status::SkipWatch,
        () if has(Mark::Pre) && has(Mark::Premet) => Status::Met,
        () if has(Mark::Pre) => Status::Pre,
        () if has(Mark::Onfail) && !has(Mark::OnchangesMet) => Status::Onfail,
        () if has(Mark::Onchanges) && !has(Mark::OnchangesMet) => Status::Onchanges,
        () if has(Mark::Change) => Status::Change,
        () if has(Mark::Onfail) => Status::Onfail,
        () => Status::Met,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(marks: &[Mark], want: Status) {
        assert_eq!(status(Marks::of(marks), false), want);
    }

    #[test]
    fn the_first_line_that_fits_decides() {
        use Mark::*;
        check(&[], Status::Met);
        check(&[Met], Status::Met);
        check(&[Unmet, Fail], Status::Unmet);
        check(&[Fail, Change], Status::Fail);
        check(&[SkipReq, OnchangesMet], Status::SkipReq);
        check(&[SkipReq, Premet], Status::SkipReq);
        check(&[SkipReq, Change], Status::SkipWatch);
        check(&[SkipReq, Met], Status::Met);
        check(&[Pre], Status::Pre);
        check(&[Pre, Premet], Status::Met);
        check(&[Onfail, Change], Status::Onfail);
        check(&[Onfail, OnchangesMet], Status::Onfail);
        check(&[Onfail, OnchangesMet, Change], Status::Change);
        check(&[Onchanges, Change], Status::Onchanges);
        check(&[Onchanges, OnchangesMet], Status::Met);
        assert_eq!(status(Marks::of(&[Fail]), true), Status::Pending);
    }

    #[test]
    fn any_is_content_with_one_and_all_is_not() {
        use Mark::*;
        let settled = |kind, marks: &[Mark]| Marks::of(marks).settle(kind);
        assert_eq!(settled(Kind::RequireAny, &[Fail, Met]), Marks::of(&[Met]));
        assert_eq!(settled(Kind::Require, &[Fail, Met]), Marks::of(&[Fail, Met]));
        assert_eq!(settled(Kind::WatchAny, &[Fail, Change]), Marks::of(&[Change]));
        assert_eq!(
            settled(Kind::OnchangesAny, &[Onchanges, OnchangesMet]),
            Marks::of(&[OnchangesMet])
        );
        assert_eq!(settled(Kind::Onfail, &[Onfail, Met]), Marks::of(&[Met]));
        assert_eq!(settled(Kind::OnfailAll, &[Onfail, Met]), Marks::of(&[Onfail]));
    }
}
