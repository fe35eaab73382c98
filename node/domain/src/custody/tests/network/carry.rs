//! Packets in transit, and their effect on arrival.

use super::*;

impl Network {
    pub(super) fn send(
        &mut self,
        at: DivisionCode,
        author: DivisionCode,
        to: DivisionCode,
        lane: Lane,
        payload: Payload,
    ) {
        let hop = self
            .tree
            .next_hop(at, to)
            .expect("somebody else, somewhere");
        let about = match &payload {
            Payload::Give { matter, .. } | Payload::Notice(matter) => self.about[&matter.id],
            Payload::Request(request) => self.about[&request.matter],
            Payload::Answer(answer) => self.about[&answer.matter],
            _ => None,
        };
        assert!(
            !about.is_some_and(|about| self.tree.contains(about, hop)),
            "a direct complaint about {about:?} is sent to {hop}"
        );
        let packet = Packet {
            from: at,
            to: hop,
            said: Said::Envelope {
                author,
                to,
                lane,
                payload,
            },
        };
        if self.links.coalesce
            && let Said::Envelope {
                payload: Payload::Notice(new),
                ..
            } = &packet.said
        {
            for waiting in &mut self.wire {
                if let Said::Envelope {
                    to: for_whom,
                    payload: Payload::Notice(old),
                    ..
                } = &waiting.said
                    && (waiting.from, waiting.to, *for_whom, old.id) == (at, hop, to, new.id)
                {
                    if old.version < new.version {
                        *waiting = packet;
                    }
                    return;
                }
            }
        }
        self.wire.push(packet);
    }

    pub(super) fn deliver(&mut self, which: usize, again: bool, refuse: bool) {
        let mut which = which;
        if self.links.in_order {
            let queue = self.wire[which].queue();
            let first = self.wire.iter().position(|packet| packet.queue() == queue);
            which = first.expect("at least the one chosen");
        }
        let Packet { from, to: me, said } = if again {
            self.tally.repeated += 1;
            if let Said::Envelope {
                payload: Payload::Request(request),
                ..
            } = &self.wire[which].said
            {
                self.repeated.insert(request.id);
            }
            self.wire[which].clone()
        } else {
            self.wire.remove(which)
        };
        match said {
            Said::Lie {
                author,
                to,
                payload,
            } => self.hear_lie(me, from, author, to, payload),
            Said::Outcome {
                matter,
                cv,
                refused,
            } => {
                let docket = self.dockets[&(me, matter)].clone();
                if let Some(decision) =
                    settle(docket, from, cv, refused, context(me, self.now, &self.tree))
                {
                    self.apply(me, decision);
                }
            }
            Said::NotCarried(request) => self.answer_not_carried(me, &request),
            // A repeated request was heard before, or will be.
            Said::Envelope {
                payload: Payload::Request(request),
                ..
            } if refuse && !again && !self.repeated.contains(&request.id) => {
                self.tally.not_carried += 1;
                self.wire.push(Packet {
                    from: me,
                    to: from,
                    said: Said::NotCarried(request),
                });
            }
            Said::Envelope {
                author,
                to,
                lane,
                payload,
            } => {
                let allowed = self.may(from, me, author, to, lane, &payload);
                assert_eq!(allowed, Ok(()));
                if to != me {
                    if let Payload::Notice(_) = payload {
                        self.hear(me, from, author, payload.clone(), refuse);
                    }
                    self.send(me, author, to, lane, payload);
                } else {
                    self.hear(me, from, author, payload, refuse);
                }
            }
        }
    }

    /// Answers a request that the next node did not carry.
    fn answer_not_carried(&mut self, me: DivisionCode, request: &Request) {
        let answer = not_carried(request);
        if self.not_carried.insert(request.id) {
            *self.answers.get_mut(&request.id).unwrap() += 1;
        }
        if request.id.by == me {
            self.hear(me, me, me, Payload::Answer(answer), false);
        } else {
            let Outgoing { to, lane, payload } = reply_to(request.id.by, answer);
            self.send(me, me, to, lane, payload);
        }
    }

    pub(super) fn may(
        &self,
        from: DivisionCode,
        me: DivisionCode,
        author: DivisionCode,
        to: DivisionCode,
        lane: Lane,
        payload: &Payload,
    ) -> Result<(), Denied> {
        let order = match payload.replaces() {
            None => Order::Sequence(1),
            Some(key) => Order::Replaces { key: key.into() },
        };
        let envelope = Envelope {
            author,
            epoch: Epoch {
                order: 1,
                id: EpochId([1; 16]),
                predecessor: EpochId::default(),
            },
            issue: 1,
            destination: Destination::Division(to),
            lane,
            order,
            payload: payload.clone(),
        };
        let neighbour = Neighbour::of(me, from, &self.tree).expect("links join neighbours");
        may(&envelope, neighbour, me, &self.tree)
    }

    pub(super) fn hear(
        &mut self,
        me: DivisionCode,
        from: DivisionCode,
        author: DivisionCode,
        payload: Payload,
        refuse: bool,
    ) {
        match payload {
            Payload::Give { matter, bound_for } => {
                self.hear_give(me, from, &matter, bound_for, refuse);
            }
            Payload::Notice(matter) => self.hear_notice(me, author, &matter),
            Payload::Request(request) => self.hear_request(me, request),
            Payload::Answer(answer) => self.hear_answer(me, author, &answer),
            other => panic!("{} is not about matters", other.name()),
        }
    }

    fn hear_give(
        &mut self,
        me: DivisionCode,
        from: DivisionCode,
        matter: &Matter,
        bound_for: DivisionCode,
        refuse: bool,
    ) {
        let tree = Arc::clone(&self.tree);
        let context = context(me, self.now, &tree);
        let (id, cv) = (matter.id, matter.version.cv);
        let floor = self.floors.get(&(me, id)).copied().unwrap_or_default();
        let incoming = Incoming {
            from,
            matter,
            bound_for,
        };
        let known = self.dockets.get(&(me, id));
        let refused = match receive(known, floor, incoming, Recollection::default(), context) {
            Taken::Already => false,
            Taken::Now(decision) if !refuse => {
                if bound_for != me {
                    self.tally.relayed += 1;
                }
                self.apply(me, *decision);
                false
            }
            Taken::Now(_) => true,
            Taken::Refused(reason) => {
                assert!(cv <= floor, "{me} refuses cv {cv:?} of {id}: {reason}");
                self.tally.refused_again += 1;
                true
            }
        };
        if refused {
            self.tally.refused += 1;
            self.floors.insert((me, id), floor.max(cv));
            self.refusals.insert((me, id, cv));
        }
        self.wire.push(Packet {
            from: me,
            to: from,
            said: Said::Outcome {
                matter: id,
                cv,
                refused,
            },
        });
    }

    fn hear_notice(&mut self, me: DivisionCode, author: DivisionCode, matter: &Matter) {
        let tree = Arc::clone(&self.tree);
        let context = context(me, self.now, &tree);
        let known = self.dockets.get(&(me, matter.id));
        let giving = known.is_some_and(|d| matches!(d.standing, Standing::Giving { .. }));
        let heard = hear_notice(known, matter, author, Recollection::default(), context);
        let heard = heard.unwrap_or_else(|why| panic!("{me} refuses {author}: {why}"));
        if let Some(decision) = heard {
            self.tally.notices += 1;
            self.tally.learnt_by_notice += usize::from(giving);
            self.apply(me, decision);
        }
    }

    fn hear_request(&mut self, me: DivisionCode, request: Request) {
        let tree = Arc::clone(&self.tree);
        let context = context(me, self.now, &tree);
        let known = self.dockets.get(&(me, request.matter));
        let (mut decision, answer) = match hear_request(known, request, context) {
            Heard::Repeated => return,
            Heard::Parked(docket) => {
                self.tally.parked += 1;
                return self.apply(me, quiet(docket));
            }
            Heard::Answered(docket, answer) => (quiet(docket.unwrap()), answer),
            Heard::Granted(decision, answer) => (*decision, answer),
        };
        decision.sends.push(reply_to(request.id.by, answer));
        self.apply(me, decision);
    }

    fn hear_answer(&mut self, me: DivisionCode, author: DivisionCode, answer: &Answer) {
        let tree = Arc::clone(&self.tree);
        let context = context(me, self.now, &tree);
        let again = self.next_request(me);
        let docket = &self.dockets[&(me, answer.matter)];
        let Some((decision, next)) = take_answer(docket, author, answer, again, context) else {
            return;
        };
        match (next, answer.reply) {
            (Next::Done(Reply::Moot), Reply::Moved { holder, .. }) => {
                assert_eq!(holder, me, "pointers lead on until they lead back");
            }
            (Next::Done(Reply::Granted), _) => self.tally.granted += 1,
            (Next::Done(Reply::Closed | Reply::Refused), _) => {}
            // Only the latest of several remarks that wait for one transfer is kept.
            (Next::Done(Reply::Moot), Reply::Moot) => {
                let asked = docket
                    .asked
                    .iter()
                    .find(|asked| asked.request.id == answer.request);
                let kind = asked.map(|asked| asked.request.kind);
                assert!(
                    matches!(kind, Some(RequestKind::Remark(_))),
                    "{kind:?} is moot"
                );
            }
            (Next::Done(Reply::NotEntitled | Reply::NotNow | Reply::Late), _) => {
                self.tally.denied += 1;
            }
            (Next::Again(..), _) => self.tally.pointed_on += 1,
            (next, reply) => panic!("{next:?} after {reply:?}"),
        }
        self.apply(me, decision);
    }
}
