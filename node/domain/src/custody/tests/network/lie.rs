//! A node with a real key that lies: about matters nobody reported, and about matters that custody
//! never brought to it.

use super::*;

/// A liar who invents a history ignores what the others would have refused.
const ANYTHING_GOES: Recollection = Recollection {
    lost: true,
    asked: true,
};

impl Network {
    /// Invents a notice or a transfer about a matter in which the liar has no part.
    pub(super) fn lie(&mut self, choices: &mut Choices) -> Option<()> {
        let liar = self.nodes[choices.of(self.nodes.len())?];
        let origin = self.nodes[choices.of(self.nodes.len())?];
        let next = self.about.len() as u64 + 1;
        let which = choices.of(self.about.len() + 2)?;
        let id = self.about.keys().nth(which).copied().unwrap_or(MatterId {
            origin,
            epoch: 1,
            number: next + choices.of(2)? as u64,
        });
        let (closes, gives) = (choices.one_in(2)?, choices.one_in(3)?);
        let leaf = !self
            .nodes
            .iter()
            .any(|node| self.tree.parent(*node) == Some(liar));
        let part = match self.dockets.get(&(liar, id)) {
            Some(docket) => !leaf || docket.standing != Standing::Elsewhere,
            None => false,
        };
        if part || self.tree.contains(liar, id.origin) {
            return Some(());
        }
        let from = choices.of(self.nodes.len())?;
        let known = self.dockets.get(&(self.nodes[from], id)).cloned();
        let Some(story) = self.story(id, known, liar, closes) else {
            return Some(());
        };
        let (to, payload) = match (self.tree.parent(liar), gives) {
            (Some(parent), true) => {
                let up = Act::Escalate(parent);
                let context = context(liar, self.now, &self.tree);
                let Ok(given) = transfer(story, up, None, context) else {
                    return Some(());
                };
                (parent, given.sends[0].payload.clone())
            }
            _ => (id.origin, Payload::Notice(Box::new(story.matter))),
        };
        let hop = self.tree.next_hop(liar, to).expect("somebody else");
        self.tally.lies += 1;
        self.wire.push(Packet {
            from: liar,
            to: hop,
            said: Said::Lie {
                author: liar,
                to,
                payload,
            },
        });
        Some(())
    }

    /// Invents how the matter, as one division knows it or as it never was, came to the liar.
    fn story(
        &self,
        id: MatterId,
        known: Option<Docket>,
        liar: DivisionCode,
        closes: bool,
    ) -> Option<Docket> {
        let invented = || {
            let mut what = plain();
            what.body = [9; 32];
            report(id, what, context(id.origin, self.now, &self.tree))
        };
        let mut docket = match known {
            Some(docket) if docket.matter.transit.is_some() => return None,
            Some(docket) => docket,
            None => invented().ok()?.docket,
        };
        docket.standing = Standing::Holding;
        while docket.matter.holder != liar {
            let holder = docket.matter.holder;
            let act = match self.tree.contains(holder, liar) {
                true => Act::Assign(liar),
                false => {
                    let mut above = self.tree.ancestors(holder);
                    Act::Escalate(above.find(|above| self.tree.contains(*above, liar))?)
                }
            };
            docket = self.said_to_go(docket, act)?;
        }
        let context = context(liar, self.now, &self.tree);
        match closes && !docket.matter.is_closed() {
            true => Some(
                act(
                    docket,
                    Act::Close(Outcome::Unfounded),
                    Some([9; 32]),
                    None,
                    context,
                )
                .ok()?
                .docket,
            ),
            false => Some(docket),
        }
    }

    fn said_to_go(&self, docket: Docket, act: Act) -> Option<Docket> {
        let at = |division| context(division, self.now, &self.tree);
        let mut sent = transfer(docket.clone(), act, None, at(docket.matter.holder)).ok()?;
        loop {
            let Payload::Give { matter, bound_for } = &sent.sends[0].payload else {
                return None;
            };
            let to = matter.transit?;
            let incoming = Incoming {
                from: matter.holder,
                matter,
                bound_for: *bound_for,
            };
            let none = CustodyVersion::default();
            let Taken::Now(taken) = receive(None, none, incoming, ANYTHING_GOES, at(to)) else {
                return None;
            };
            if to == *bound_for {
                return Some(taken.docket);
            }
            sent = *taken;
        }
    }

    /// Asserts that no lie changes anything anywhere.
    pub(super) fn hear_lie(
        &mut self,
        me: DivisionCode,
        from: DivisionCode,
        author: DivisionCode,
        to: DivisionCode,
        payload: Payload,
    ) {
        if self
            .may(from, me, author, to, Lane::Notice, &payload)
            .is_err()
        {
            return;
        }
        let tree = Arc::clone(&self.tree);
        let context = context(me, self.now, &tree);
        match &payload {
            Payload::Notice(notice) => {
                let known = self.dockets.get(&(me, notice.id));
                match hear_notice(known, notice, author, Recollection::default(), context) {
                    Err(_) => return self.tally.lies_refused += 1,
                    Ok(heard) => assert_eq!(heard, None, "{me} believes {author}"),
                }
            }
            Payload::Give { matter, bound_for } => {
                let (matter, bound_for) = (matter.as_ref(), *bound_for);
                let incoming = Incoming {
                    from,
                    matter,
                    bound_for,
                };
                let known = self.dockets.get(&(me, matter.id));
                let none = CustodyVersion::default();
                match receive(known, none, incoming, Recollection::default(), context) {
                    Taken::Now(taken) => panic!("{me} takes what {author} invented: {taken:?}"),
                    Taken::Refused(_) => self.tally.lies_refused += 1,
                    Taken::Already => {}
                }
            }
            other => panic!("nobody lies by {}", other.name()),
        }
        if let Some(hop) = self.tree.next_hop(me, to).filter(|_| to != me) {
            self.wire.push(Packet {
                from: me,
                to: hop,
                said: Said::Lie {
                    author,
                    to,
                    payload,
                },
            });
        }
    }
}
