//! Deletions that wait for the window of their plan: while it is open, after it, and where it is taken
//! back, where the process dies in between and where people were there first.

use super::at_confirm::DeleteAtConfirm;
use super::change_set::tests::draft_of;
use super::document::PlannedOrderDeletion;
use super::document::tests::order;
use super::error::PostError;
use super::sap_double::{Faults, SapDouble};
use super::simulation::{World, every_effect_has_a_backup};
use super::state::Phase;
use super::*;
use crate::clock::ManualClock;
use crate::order::PlannedOrder;

type OurPoster = Poster<SapDouble, ManualClock>;

/// An order that the plan replaces by another.
struct Replaced {
    world: World,
    old: PlannedOrder,
}

impl Replaced {
    fn new() -> Self {
        let world = World::new(1, Faults::default());
        let old = world.sap.truth(|truth| truth.create(&order(8).values()));
        Self { world, old }
    }

    /// A process at a plant whose deletions wait.
    fn poster(&self) -> OurPoster {
        let mut poster = self.world.poster();
        let plants = DeleteAtConfirm::Plants(vec![self.old.plant.clone()]);
        poster.set_settings(|settings| settings.delete_at_confirm = plants);
        poster
    }

    fn draft(&self) -> ChangeSetDraft {
        let before = self.old.clone();
        draft_of(vec![
            NewDocument::PlannedOrder(order(1)),
            NewDocument::PlannedOrderDeletion(PlannedOrderDeletion { before }),
        ])
    }

    fn old_is_there(&self) -> bool {
        self.world.orders().contains(&self.old.number.as_str().to_owned())
    }

    /// Posted, and its window over; nobody has closed it yet.
    async fn posted(&self) -> ChangeSetId {
        let id = self.poster().apply(self.draft()).await.unwrap().change_set_id;
        self.world.wait(121);
        id
    }
}

fn phases(poster: &mut OurPoster) -> Vec<Phase> {
    poster.list().unwrap().iter().map(|set| set.phase).collect()
}

#[tokio::test]
async fn nothing_is_deleted_while_the_window_is_open_and_the_old_order_goes_once_it_has_closed() {
    let plant = Replaced::new();
    let mut poster = plant.poster();

    let receipt = poster.apply(plant.draft()).await.unwrap();
    let first = receipt.change_set_id.clone();
    plant.world.wait(119);
    poster.confirm_due().await.unwrap();

    assert_eq!(receipt.items.len(), 1);
    assert!(receipt.at_confirm[0].contains(&plant.old.number.padded()), "{receipt:?}");
    assert_eq!(plant.world.orders().len(), 2, "supply is shown twice");
    assert_eq!(poster.deletions_of(&first).unwrap(), None);

    plant.world.wait(2);
    assert_eq!(poster.confirm_due().await.unwrap(), std::slice::from_ref(&first));

    assert!(!plant.old_is_there());
    let later = poster.deletions_of(&first).unwrap().unwrap();
    let receipt = poster.receipt_of(&later).unwrap().unwrap();
    assert!(
        receipt.ends.duration_since(receipt.opened) >= window::WINDOW,
        "two minutes of its own"
    );
    assert_eq!(poster.change_set(&later).unwrap().draft.clone().unwrap().after, Some(first));
    every_effect_has_a_backup(&poster, poster.set(&later).unwrap(), "the deletions");

    plant.world.wait(121);
    poster.confirm_due().await.unwrap();
    poster.confirm_due().await.unwrap();
    assert_eq!(phases(&mut poster), [Phase::Confirmed, Phase::Confirmed]);
}

#[tokio::test]
async fn whoever_waits_for_the_window_sends_the_deletions() {
    let plant = Replaced::new();
    let mut poster = plant.poster();
    let first = poster.apply(plant.draft()).await.unwrap().change_set_id;

    assert_eq!(poster.wait_for_window(&first).await.unwrap(), Phase::Confirmed);

    assert!(!plant.old_is_there());
    let later = poster.deletions_of(&first).unwrap().unwrap();
    let report = poster.undo(Some(&later), "planner").await.unwrap();
    assert_eq!(report.phase, Phase::RolledBack);
    assert_eq!(plant.world.orders().len(), 2, "there again, under a new number");
    plant.world.wait(600);
    assert_eq!(poster.recover().await.unwrap(), [], "who took them back does not want them");
}

#[tokio::test]
async fn a_plan_that_is_taken_back_within_its_window_deletes_nothing_ever() {
    let plant = Replaced::new();
    let mut poster = plant.poster();
    let first = poster.apply(plant.draft()).await.unwrap().change_set_id;
    let deletions = |world: &World| {
        world
            .sap
            .truth(|truth| truth.log.iter().filter(|(_, what)| what.contains("delete")).count())
    };

    let report = poster.undo(None, "planner").await.unwrap();
    let taken_back = deletions(&plant.world);
    plant.world.wait(600);
    poster.confirm_due().await.unwrap();
    plant.poster().recover().await.unwrap();

    assert_eq!(report.phase, Phase::RolledBack);
    assert_eq!(plant.world.orders(), [plant.old.number.as_str()], "its own number: it never went");
    assert_eq!(deletions(&plant.world), taken_back);
    assert_eq!(poster.deletions_of(&first).unwrap(), None);
    assert_eq!(phases(&mut poster), [Phase::RolledBack]);
}

#[tokio::test]
async fn a_process_that_dies_as_soon_as_the_window_is_closed_leaves_the_deletions_to_recovery() {
    let plant = Replaced::new();
    let first = plant.posted().await;
    let mut dying = plant.poster();
    let writing = dying.journal.begin_writing().unwrap();
    dying.confirm(&writing, &first, "window").await.unwrap();
    drop((writing, dying));
    assert!(plant.old_is_there());

    let recovered = plant.poster().recover().await.unwrap();

    assert!(!plant.old_is_there());
    assert_eq!(recovered.len(), 1, "{recovered:?}");
    assert_eq!((recovered[0].found, recovered[0].now), (Phase::Draft, Phase::Open));
}

/// The process that closes the window dies at every place on its way, and another one picks it up.
#[tokio::test]
async fn a_process_that_dies_between_the_window_and_the_deletions_leaves_them_to_recovery() {
    let mut places = 0;
    for count in 0.. {
        let plant = Replaced::new();
        let first = plant.posted().await;
        let mut dying = plant.poster();
        dying.desk.failpoints.crash_after(count);
        let closed = dying.confirm_due().await;
        let reached = dying.set(&first).unwrap().state.phase;
        drop(dying);
        assert_eq!(reached, Phase::Confirmed);
        if closed.is_ok() {
            break;
        }
        places += 1;
        let mut next = plant.poster();
        let at = phases(&mut next);

        next.recover().await.unwrap();

        let later = next.deletions_of(&first).unwrap().unwrap();
        match next.set(&later).unwrap().state.phase {
            Phase::Open => assert!(!plant.old_is_there(), "{count}: {at:?}"),
            // As with every change set that was being sent when its process died.
            Phase::RolledBack => {
                assert_eq!(at.last(), Some(&Phase::Applying), "{count}: {at:?}");
                assert_eq!(plant.world.orders().len(), 2, "{count}");
            }
            // The answer to the deletion was lost, and somebody may have converted the order instead.
            Phase::Held => assert!(!plant.old_is_there(), "{count}: {at:?}"),
            other => panic!("{count}: {other} after {at:?}"),
        }
        let before = phases(&mut next);
        assert_eq!(next.recover().await.unwrap().len(), usize::from(before.contains(&Phase::Open)));
        assert_eq!(phases(&mut next), before, "{count}: sent once");
    }
    assert!(places > 5, "{places}");
}

#[tokio::test]
async fn a_window_that_nobody_closed_is_closed_by_recovery_which_sends_the_deletions() {
    let plant = Replaced::new();
    let first = plant.posted().await;

    let recovered = plant.poster().recover().await.unwrap();

    assert!(!plant.old_is_there());
    let told: Vec<_> = recovered.iter().map(|of| (of.found, of.now)).collect();
    assert_eq!(told, [(Phase::Open, Phase::Confirmed), (Phase::Draft, Phase::Open)]);
    assert!(recovered[1].text.contains(&format!("waited for {first}")), "{recovered:?}");
}

#[tokio::test]
async fn an_order_stays_if_what_takes_its_place_does_not_stand_as_it_was_posted() {
    let plant = Replaced::new();
    let first = plant.posted().await;
    let new = plant.world.orders().into_iter().find(|of| of != plant.old.number.as_str());
    plant.world.sap.truth(|truth| truth.orders.remove(&new.unwrap()));
    let mut poster = plant.poster();

    poster.confirm_due().await.unwrap();
    plant.world.wait(60);
    poster.confirm_due().await.unwrap();

    assert!(plant.old_is_there());
    let later = poster.deletions_of(&first).unwrap().unwrap();
    let reason = poster.change_set(&later).unwrap().reason.clone().unwrap();
    assert!(
        reason.starts_with("DEL-NEVER") && reason.contains("others changed its item 1"),
        "{reason}"
    );
    assert_eq!(phases(&mut poster), [Phase::Confirmed, Phase::Refused], "refused once");
}

#[tokio::test]
async fn an_order_that_a_planner_edits_within_the_window_is_not_deleted_after_it() {
    let plant = Replaced::new();
    let first = plant.posted().await;
    plant.world.sap.truth(|truth| truth.edit(plant.old.number.as_str()));
    let mut poster = plant.poster();

    poster.confirm_due().await.unwrap();
    plant.world.wait(60);
    poster.recover().await.unwrap();

    assert!(plant.old_is_there());
    let later = poster.deletions_of(&first).unwrap().unwrap();
    let reason = poster.change_set(&later).unwrap().reason.clone().unwrap();
    assert!(reason.contains("was changed since the plan was made"), "{reason}");
    assert_eq!(phases(&mut poster), [Phase::Confirmed, Phase::Refused], "refused once");
}

#[tokio::test]
async fn deletions_of_yesterday_are_not_sent_today() {
    let plant = Replaced::new();
    plant.posted().await;
    plant.world.wait(24 * 3600);

    let recovered = plant.poster().recover().await.unwrap();

    assert!(plant.old_is_there());
    assert!(recovered[1].text.contains("planners may have built on it"), "{recovered:?}");
}

#[tokio::test]
async fn an_order_that_was_changed_since_the_plan_refuses_all_of_it_before_anything_is_sent() {
    let plant = Replaced::new();
    plant.world.sap.truth(|truth| truth.edit(plant.old.number.as_str()));

    let refused = plant.poster().apply(plant.draft()).await.unwrap_err();

    assert!(matches!(refused, PostError::Refused { .. }), "{refused}");
    assert_eq!(plant.world.orders(), [plant.old.number.as_str()]);
}

#[tokio::test]
async fn other_plants_and_a_plan_of_deletions_alone_do_not_wait() {
    let plant = Replaced::new();
    let elsewhere = DeleteAtConfirm::Plants(vec![crate::id::PlantCode::new("9999").unwrap()]);
    let everywhere = DeleteAtConfirm::Everywhere(true);
    let mut alone = plant.draft();
    alone.documents.remove(0);

    assert_eq!(plant.draft().hold_back(&elsewhere), plant.draft());
    assert_eq!(plant.draft().hold_back(&DeleteAtConfirm::default()), plant.draft());
    assert_eq!(plant.draft().hold_back(&everywhere).at_confirm.len(), 1);
    assert_eq!(alone.clone().hold_back(&everywhere), alone);
}

#[tokio::test]
async fn a_dry_run_says_which_deletions_wait() {
    let plant = Replaced::new();

    let all = plant.poster().dry_run(&plant.draft()).unwrap();

    assert_eq!(all.iter().map(|of| of.item).collect::<Vec<_>>(), [1, 2]);
    assert!(!all[0].title.contains("once the window"), "{}", all[0].title);
    assert!(all[1].title.ends_with("once the window of the others has closed"), "{}", all[1].title);
    assert_ne!(all[0].key, all[1].key);
}

#[tokio::test]
async fn what_a_second_person_approved_names_the_deletions_and_is_approved_with_them() {
    let plant = Replaced::new();
    let mut poster = plant.poster();
    poster.set_settings(|settings| settings.four_eyes = true);
    let request = poster.ask_for_approval(plant.draft()).unwrap();
    assert_eq!(request.draft.at_confirm.len(), 1);
    poster.approve(&request.name, "somebody else").unwrap();

    let first = poster.apply_approved(&request.name).await.unwrap().change_set_id;
    poster.wait_for_window(&first).await.unwrap();

    assert!(!plant.old_is_there());
    assert_eq!(poster.requests().unwrap()[0].posted_as, Some(first));
}
