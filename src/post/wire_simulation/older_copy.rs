//! Copies of one journal: only the newest posts, and a copy finds out before it sends anything.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::post::change_set::ChangeSetDraft;
use crate::post::change_set::tests::draft_of;
use crate::post::document::NewDocument;
use crate::post::document::tests::order;
use crate::post::journal::Journal;
use crate::post::rule::Rule;
use crate::post::state::Phase;
use crate::post::{ChangeSetId, PostError};

use super::disk::DiskFault;
use super::life::{self, Life, Then, fi_draft};
use super::network::{Does, Fate, Scripted};
use super::process::{Ended, Mortal};
use super::world::{Death, SimPoster, World};

/// A journal of the world by its name.
pub(super) fn journal(world: &World, name: &str) -> PathBuf {
    world.directory.path().join(name).join("journal.db")
}

/// Copies a journal as a backup of its folder would.
fn copied(world: &World, from: &str, to: &str) {
    let (from, to) = (journal(world, from), journal(world, to));
    let (from, to) = (from.parent().unwrap(), to.parent().unwrap());
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()) {
        if file.is_file() {
            std::fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
        }
    }
}

/// Lets one process work on a journal.
pub(super) fn works<T: 'static>(
    world: &Arc<World>,
    path: &Path,
    work: impl AsyncFnOnce(&mut SimPoster) -> T + 'static,
) -> T {
    let done: Arc<Mutex<Option<T>>> = Arc::default();
    let into = Arc::clone(&done);
    let (process, path) = (world.starts(None), path.to_owned());
    let world_too = Arc::clone(world);
    let job = async move {
        let mut poster = world_too.poster_at(&path, process).unwrap();
        let result = work(&mut poster).await;
        *into.lock().unwrap() = Some(result);
    };
    world.schedule.run(vec![Box::pin(job)], || {});
    let result = done.lock().unwrap().take();
    result.unwrap()
}

/// Lets one process post, which dies where the world's script says.
fn dies_at_work(world: &Arc<World>, draft: ChangeSetDraft) {
    let (process, world_too) = (world.starts(None), world.clone());
    let posts = async move {
        let mut poster = world_too.poster_at(&world_too.path(), process).unwrap();
        poster.apply(draft).await.unwrap();
    };
    let mortal = Mortal::new(world, process, posts);
    let job = async move { assert!(mortal.await != Ended::Finished, "it lived") };
    world.schedule.run(vec![Box::pin(job)], || {});
}

/// A plan of one order, another one for each number.
pub(super) fn plan(number: i64) -> ChangeSetDraft {
    draft_of(vec![NewDocument::PlannedOrder(order(number))])
}

pub(super) fn posts(
    world: &Arc<World>,
    name: &str,
    draft: ChangeSetDraft,
) -> Result<ChangeSetId, PostError> {
    works(world, &journal(world, name), async move |poster| {
        poster.apply(draft).await.map(|receipt| receipt.change_set_id)
    })
}

/// A world in which a journal posted, was copied, and posted again.
fn copied_between_two_postings() -> Arc<World> {
    let world = World::of(3, true);
    posts(&world, "newest", plan(1)).unwrap();
    copied(&world, "newest", "copy");
    posts(&world, "newest", plan(2)).unwrap();
    world
}

fn is_behind<T: std::fmt::Debug>(result: Result<T, PostError>) -> String {
    match result {
        Err(error @ PostError::Behind { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_older_copy_sends_nothing_and_the_newest_posts_on() {
    let world = copied_between_two_postings();

    let said = is_behind(posts(&world, "copy", plan(3)));

    assert!(said.contains("CS-2, posting 2") && said.contains("CS-1 (posting 1)"), "{said}");
    assert_eq!(world.sandbox.orders().len(), 2);
    posts(&world, "newest", plan(3)).unwrap();
    assert_eq!(world.sandbox.orders().len(), 3);
}

#[test]
fn an_older_copy_takes_nothing_back() {
    let world = copied_between_two_postings();

    let undone = works(&world, &journal(&world, "copy"), async |poster| {
        poster.undo(Some(&ChangeSetId::numbered(1)), "planner").await.map(drop)
    });

    is_behind(undone);
    assert_eq!(world.sandbox.orders().len(), 2);
}

#[test]
fn of_two_equal_copies_the_first_to_post_goes_on() {
    let world = World::of(3, true);
    posts(&world, "one", plan(1)).unwrap();
    copied(&world, "one", "other");

    posts(&world, "other", plan(2)).unwrap();

    is_behind(posts(&world, "one", plan(3)));
    posts(&world, "other", plan(3)).unwrap();
}

#[test]
fn a_copy_that_has_come_as_far_on_its_own_is_told_apart() {
    let world = World::of(3, true);
    posts(&world, "one", plan(1)).unwrap();
    copied(&world, "one", "other");
    // Prepared its second change set, and could not leave the mark.
    let does = Does::Meet(Fate::LostRequest);
    let script = Scripted { request: "JOURNAL_MARK", nth: 0, times: 5, does };
    world.script.lock().unwrap().push(script);
    let refused = posts(&world, "one", plan(2)).unwrap_err().to_string();
    assert!(refused.starts_with("POST-REFUSED: CS-2"), "{refused}");

    posts(&world, "other", plan(3)).unwrap();

    let said = is_behind(posts(&world, "one", plan(4)));
    assert!(said.contains("CS-2, posting 2"), "{said}");
}

#[test]
fn a_mark_whose_answer_is_lost_is_left_once() {
    for fate in [Fate::LostAnswer, Fate::Late, Fate::Reset, Fate::FailedAfter] {
        let world = World::of(3, true);
        let script = Scripted { request: "JOURNAL_MARK", nth: 0, times: 1, does: Does::Meet(fate) };
        world.script.lock().unwrap().push(script);

        let ran = life::run(&world, Life::calm(vec![fi_draft()], Then::Wait));

        assert_eq!(ran.phases, [Phase::Confirmed], "{fate:?}");
        assert_eq!(ran.world.sandbox.documents().len(), 1, "{fate:?}");
    }
}

#[test]
fn a_process_that_dies_at_its_mark_posts_nothing_and_the_next_goes_on() {
    for death in [Death::Before, Death::InFlight, Death::After] {
        let world = World::of(3, true);
        let script = Scripted { request: "JOURNAL_MARK", nth: 0, times: 1, does: Does::Die(death) };
        world.script.lock().unwrap().push(script);

        let ran = life::run(&world, Life::calm(vec![fi_draft()], Then::Wait));

        assert_eq!(ran.phases, [Phase::Refused], "{death:?}");
        assert_eq!(ran.world.sandbox.documents(), [], "{death:?}");
        let goes_on =
            works(&world, &world.path(), async |poster| poster.apply(fi_draft()).await.map(drop));
        goes_on.unwrap();
        assert_eq!(world.sandbox.documents().len(), 1, "{death:?}");
    }
}

#[test]
fn who_accepts_what_sap_knows_goes_on_and_the_other_copy_stops() {
    let world = copied_between_two_postings();

    let accepted = works(&world, &journal(&world, "copy"), async |poster| {
        poster.accept_sap("MEIER", "the disk is lost").await
    });

    assert_eq!(accepted.unwrap().number, 2);
    posts(&world, "copy", plan(3)).unwrap();
    is_behind(posts(&world, "newest", plan(4)));
    let again = works(&world, &journal(&world, "copy"), async |poster| {
        poster.accept_sap("MEIER", "once more").await
    });
    assert!(matches!(again, Err(PostError::NotBehind)), "{again:?}");
}

#[test]
fn a_disk_that_lied_about_a_whole_posting_is_noticed() {
    let mut noticed = 0;
    for cut in 0..24 {
        let world = World::of(3, true);
        let apply = |number| async move |poster: &mut SimPoster| poster.apply(plan(number)).await;
        works(&world, &world.path(), apply(1)).unwrap();
        world.disk.fail_after(1, DiskFault::Lies);
        let does = Does::Die(Death::After);
        let script = Scripted { request: "POST A_PlannedOrder", nth: 0, times: 1, does };
        world.script.lock().unwrap().push(script);
        dies_at_work(&world, plan(2));
        world.disk.power_cut(cut);
        world.disk.calm();

        let now = crate::clock::Clock::now(&world.schedule.machine);
        // Found damaged, or it still knows of the posting: the business of other tests.
        let Ok(left) = Journal::open(&world.path(), &now) else { continue };
        let whole = left.verify(&now).is_ok_and(|found| found.damage.is_none());
        if !whole || left.change_sets().len() != 1 {
            continue;
        }
        drop(left);
        is_behind(works(&world, &world.path(), apply(3)));
        assert_eq!(world.sandbox.orders().len(), 2);
        noticed += 1;
    }
    assert!(noticed > 0, "no power cut lost exactly the second posting");
}

#[test]
fn without_the_rule_an_older_copy_posts() {
    let world = copied_between_two_postings();
    Rule::take_away(Some(Rule::NewestJournal));
    let posted = posts(&world, "copy", plan(3));
    Rule::take_away(None);

    // What the tests above would notice.
    assert!(posted.is_ok(), "{posted:?}");
    assert_eq!(world.sandbox.orders().len(), 3);
}
