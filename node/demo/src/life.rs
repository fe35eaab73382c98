//! The parts of the story that show the whole life of a matter.

use cli::Failure;
use domain::{
    category::Visibility,
    custody::Standing,
    matter::{Act, Appeal, Audience, Channel, Ground, Outcome, Publicity, Satisfaction, Status},
    request::RequestKind,
};
use office::{NewReport, Work};

use super::story::{Teller, Told, clerk, ensure, inspector, office_failed};

/// Returns a report with this channel and category.
fn handed_in(channel: Channel, category: &str, text: &str) -> NewReport {
    let category = category.parse().expect("a constant category");
    NewReport {
        channel,
        ..NewReport::new(category, text.to_owned())
    }
}

fn words(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// Returns the note for closings that are not part of the story.
fn solved() -> Option<String> {
    words("已办结，现场核实 done, and looked at")
}

impl Teller<'_> {
    /// Lets a snapshot that nobody answers go one tier up when it is overdue. The story tells the
    /// reader that the clock of the demo was put forward.
    pub(super) async fn overdue(&self) -> Result<Told, Failure> {
        let title = "随手拍无人响应，超期自动上报 a snapshot nobody answers in time";
        let (home, above) = (self.branch.home, self.above(1));
        let new = handed_in(Channel::Snapshot, "enforcement/rubbish", title);
        let (id, trace_id) = self.hand_in(home, new).await?;
        let office = self.network.office(home);
        let docket = office.matters().docket(id).await.map_err(office_failed)?;
        let clocks = docket.expect("it was just reported").matter.clocks;
        let due = clocks.iter().map(|clock| clock.due).min();
        let due = due.expect("policy gives such matters a clock");
        self.network.put_forward(due);
        office.matters().tick().await.map_err(office_failed)?;
        self.held_by(above, id).await?;
        let holder = self.network.office(above);
        let done = words("已清运 cleared");
        let closed = holder
            .matters()
            .close(id, Outcome::Solved, done, inspector())
            .await;
        closed.map_err(office_failed)?;
        let told = self.seen_closed(id, title, trace_id).await?;
        let risen = told.path.iter().any(|stop| stop.act == "overdue")
            && told.path.iter().any(|stop| stop.act == "escalate");
        ensure(risen, || format!("{id} was overdue and went up by itself"))?;
        Ok(told)
    }

    /// Asks the committee a question, which gets a public reply.
    pub(super) async fn question(&self) -> Result<Told, Failure> {
        let title = "村民信箱：医保在哪里交 where does one pay for insurance";
        let home = self.branch.home;
        let office = self.network.office(home);
        let new = NewReport {
            visibility: Visibility::Public,
            ..handed_in(Channel::Mailbox, "service/insurance", title)
        };
        let (id, trace_id) = self.hand_in(home, new).await?;
        let answer = words("村便民服务站即可办理 at the village's service point");
        for (work, note) in [
            (Work::Do(Act::Reply(Publicity::Public)), answer),
            (Work::Do(Act::Close(Outcome::Solved)), solved()),
        ] {
            let by = match work {
                Work::Do(Act::Close(_)) => inspector(),
                _ => clerk(),
            };
            let done = office.matters().work(id, work, note, by, None).await;
            done.map_err(office_failed)?;
        }
        let rated = RequestKind::Rate(Satisfaction::Satisfied);
        let rated = office.matters().request(id, rated, None, clerk()).await;
        rated.map_err(office_failed)?;
        self.seen_closed(id, title, trace_id).await
    }

    /// One window (一窗受理): one report, two parts worked on at the same time in two tiers, one
    /// end.
    pub(super) async fn bundle(&self) -> Result<Told, Failure> {
        let title = "一窗受理：建房一件事 one window for building a house";
        let (home, window, tier_above) = (self.branch.home, self.above(1), self.above(2));
        let new = handed_in(Channel::Service, "service/land", title);
        let (id, trace_id) = self.hand_in(home, new).await?;
        let village = self.network.office(home);
        let up = village
            .matters()
            .escalate(id, None, None, clerk(), None)
            .await;
        up.map_err(office_failed)?;
        self.held_by(window, id).await?;
        let office = self.network.office(window);
        let parts = vec![
            handed_in(Channel::Service, "service/land", "宅基地审批 the plot"),
            handed_in(
                Channel::Service,
                "enforcement/building",
                "规划许可 the plan",
            ),
        ];
        let parts = office.matters().open_parts(id, parts, clerk()).await;
        let parts = parts.map_err(office_failed)?;
        let early = office
            .matters()
            .close(id, Outcome::Solved, solved(), inspector())
            .await;
        ensure(early.is_err(), || "a bundle waits for its parts".to_owned())?;
        let own = office
            .matters()
            .close(parts[0], Outcome::Solved, solved(), inspector())
            .await;
        own.map_err(office_failed)?;
        let up = office
            .matters()
            .escalate(parts[1], None, None, clerk(), None)
            .await;
        up.map_err(office_failed)?;
        self.held_by(tier_above, parts[1]).await?;
        let higher = self.network.office(tier_above);
        let done = higher
            .matters()
            .close(parts[1], Outcome::Solved, solved(), inspector())
            .await;
        done.map_err(office_failed)?;
        self.network
            .until("the bundle's parts are done", || async {
                let docket = office.matters().docket(id).await;
                let done = |parts: Vec<(_, Option<Outcome>)>| parts.iter().all(|p| p.1.is_some());
                docket.is_ok_and(|docket| docket.is_some_and(|d| done(d.matter.parts())))
            })
            .await?;
        let done = words("两项均已办结，一次取件 both done, one visit");
        let closed = office
            .matters()
            .close(id, Outcome::Solved, done, inspector())
            .await;
        closed.map_err(office_failed)?;
        self.seen_closed(id, title, trace_id).await
    }

    /// Assigns a matter that is disputed and then decided by the common parent.
    pub(super) async fn dispute(&self) -> Result<Told, Failure> {
        let title = "职责异议与裁定 whose task is it";
        let (unit, arbiter) = (self.above(1), self.above(2));
        let new = handed_in(Channel::Hotline, "enforcement/road", title);
        let (id, trace_id) = self.hand_in(arbiter, new).await?;
        let (above, below) = (self.network.office(arbiter), self.network.office(unit));
        let assigned = above.matters().assign(id, unit, None, clerk(), None).await;
        assigned.map_err(office_failed)?;
        self.held_by(unit, id).await?;
        let objection = words("道路属县管 a county road");
        let objects = Work::Object(Ground::Competence);
        let objected = below
            .matters()
            .work(id, objects, objection, clerk(), None)
            .await;
        objected.map_err(office_failed)?;
        self.held_by(arbiter, id).await?;
        let decided = Work::Give(Act::Arbitrate(unit));
        let decision = words("按养护协议由该镇负责 by the maintenance contract");
        let decided = above
            .matters()
            .work(id, decided, decision, clerk(), None)
            .await;
        decided.map_err(office_failed)?;
        self.held_by(unit, id).await?;
        let back = below.matters().send_back(id, None, clerk(), None).await;
        ensure(back.is_err(), || {
            "what was decided is not handed back".to_owned()
        })?;
        let closed = below
            .matters()
            .close(id, Outcome::Solved, solved(), inspector())
            .await;
        closed.map_err(office_failed)?;
        self.seen_closed(id, title, trace_id).await
    }

    /// Closes a matter that the reporter contests; it is reopened and solved.
    pub(super) async fn contested(&self) -> Result<Told, Failure> {
        let title = "群众不认可，重新办理 closed, but not solved";
        let (home, holder) = (self.branch.home, self.above(1));
        let new = handed_in(Channel::Snapshot, "enforcement/lighting", title);
        let (id, trace_id) = self.hand_in(home, new).await?;
        let village = self.network.office(home);
        let up = village
            .matters()
            .escalate(id, None, None, clerk(), None)
            .await;
        up.map_err(office_failed)?;
        self.held_by(holder, id).await?;
        let office = self.network.office(holder);
        let closed = office
            .matters()
            .close(id, Outcome::Solved, solved(), inspector())
            .await;
        closed.map_err(office_failed)?;
        self.seen_closed(id, title, trace_id.clone()).await?;
        let protest = words("灯还是不亮 it is still dark");
        let contested = village
            .matters()
            .request(id, RequestKind::Contest, protest, clerk())
            .await;
        contested.map_err(office_failed)?;
        self.network
            .until("the contested matter is open again", || async {
                let docket = office.matters().docket(id).await;
                docket.is_ok_and(|docket| {
                    docket.is_some_and(|d| {
                        d.standing == Standing::Holding && d.matter.status == Status::Handling
                    })
                })
            })
            .await?;
        for work in [
            Work::Do(Act::Feedback),
            Work::Do(Act::Verify(true)),
            Work::Do(Act::Remark(Audience::Reporter)),
            Work::Do(Act::Close(Outcome::Solved)),
        ] {
            let note = words("已更换灯具 a new lamp");
            let by = match work {
                Work::Do(Act::Verify(_) | Act::Close(_)) => inspector(),
                _ => clerk(),
            };
            let done = office.matters().work(id, work, note, by, None).await;
            done.map_err(office_failed)?;
        }
        self.network
            .until("the reporter's village sees it solved", || async {
                let docket = village.matters().docket(id).await;
                docket.is_ok_and(|docket| {
                    docket.is_some_and(|d| {
                        d.matter.is_closed() && d.matter.appeals(Appeal::Contest) == 1
                    })
                })
            })
            .await?;
        self.seen_closed(id, title, trace_id).await
    }
}
