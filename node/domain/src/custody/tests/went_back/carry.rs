//! Packets on their way, and what they do on arrival.

use super::*;

impl World {
    pub(super) fn deliver(&mut self, which: usize, refuse: bool) {
        let (from, to) = (self.wire[which].from, self.wire[which].to);
        let at = self
            .wire
            .iter()
            .position(|packet| packet.from == from && packet.to == to && !self.is_held_up(packet));
        let Some(at) = at else {
            return;
        };
        let packet = self.wire.remove(at);
        self.hear(packet, refuse);
    }

    /// Returns whether an old transfer has to wait until everything is known.
    pub(super) fn is_held_up(&self, packet: &Packet) -> bool {
        let give = matches!(packet.said, Said::Give(..));
        give && packet.old && packet.to == code(TOWN) && !self.waits.is_empty()
    }

    pub(super) fn hear(&mut self, packet: Packet, refuse: bool) {
        let Packet {
            from, to: me, said, ..
        } = packet;
        let context = self.context(me);
        match said {
            Said::Give(matter, bound_for) => self.hear_give(me, from, &matter, bound_for, refuse),
            Said::Answered { id, cv, refused } => {
                let Some(docket) = self.docket(me, id) else {
                    return;
                };
                if let Some(decision) = settle(docket.clone(), from, cv, refused, context) {
                    self.apply(me, decision);
                } else if !refused && me == code(TOWN) {
                    let request = self.next_request(me);
                    let aside = self.aside(me, id);
                    if let Some(decision) =
                        taken_in_vain(&docket, aside, from, cv, request, context)
                    {
                        self.apply(me, decision);
                    }
                }
            }
            Said::Word(author, to, payload) if to != me => {
                if let Payload::Notice(notice) = &payload {
                    self.hear_notice(me, author, notice);
                }
                self.send(me, author, to, payload);
            }
            Said::Word(author, _, payload) => self.hear_word(me, author, payload),
            Said::Shown(shown) => self.hear_shown(me, from, &shown),
            Said::ShownAll => {
                self.waits.remove(&from);
                if self.waits.is_empty() {
                    self.resume();
                }
            }
        }
    }

    pub(super) fn hear_give(
        &mut self,
        me: DivisionCode,
        from: DivisionCode,
        matter: &Matter,
        bound_for: DivisionCode,
        refuse: bool,
    ) {
        let (id, cv) = (matter.id, matter.version.cv);
        let answer = |refused| Said::Answered { id, cv, refused };
        if me == code(TOWN) && is_aside(self.aside(me, id), matter) {
            self.tally[SWALLOWED] += 1;
            let counts = self.docket(me, id).unwrap().matter;
            self.set_aside(me, Some(matter.clone()), &counts);
            return self.push(me, from, answer(false));
        }
        let known = self.docket(me, id);
        let floor = self.stores[&me].floors.get(&id).copied();
        let floor = floor.unwrap_or_default();
        let incoming = Incoming {
            from,
            matter,
            bound_for,
        };
        let memory = Recollection {
            lost: self.is_lost(me, id),
            asked: false,
        };
        let refused = match receive(known.as_ref(), floor, incoming, memory, self.context(me)) {
            Taken::Now(decision) if !refuse => {
                self.apply(me, *decision);
                if me == code(TOWN) {
                    self.sure.insert(id);
                }
                false
            }
            Taken::Already => false,
            Taken::Now(_) | Taken::Refused(_) => true,
        };
        if refused {
            let floors = &mut self.store(me).floors;
            floors.insert(id, floor.max(cv));
        }
        self.push(me, from, answer(refused));
    }

    pub(super) fn hear_notice(&mut self, me: DivisionCode, author: DivisionCode, notice: &Matter) {
        let known = self.docket(me, notice.id);
        let memory = Recollection {
            lost: self.is_lost(me, notice.id),
            asked: false,
        };
        // Nodes that know better reject the acts of the lost life.
        if let Ok(Some(heard)) =
            hear_notice(known.as_ref(), notice, author, memory, self.context(me))
        {
            self.apply(me, heard);
        }
    }

    pub(super) fn hear_word(&mut self, me: DivisionCode, author: DivisionCode, payload: Payload) {
        let context = self.context(me);
        match payload {
            Payload::Notice(notice) => self.hear_notice(me, author, &notice),
            Payload::Request(request) => {
                let known = self.docket(me, request.matter);
                let (mut decision, answer) = match hear_request(known.as_ref(), request, context) {
                    Heard::Repeated => return,
                    Heard::Parked(docket) => {
                        self.store(me).learnt.insert(request.matter);
                        return self.apply(me, Decision::of(docket));
                    }
                    Heard::Answered(None, _) => return,
                    Heard::Answered(Some(docket), answer) => (Decision::of(docket), answer),
                    Heard::Granted(decision, answer) => (*decision, answer),
                };
                decision.sends.push(reply_to(request.id.by, answer));
                self.apply(me, decision);
            }
            Payload::Answer(answer) => {
                let again = self.next_request(me);
                let Some(docket) = self.docket(me, answer.matter) else {
                    return;
                };
                if let Some((decision, _)) = take_answer(&docket, author, &answer, again, context) {
                    self.apply(me, decision);
                }
            }
            other => panic!("{} is not said here", other.name()),
        }
    }

    pub(super) fn hear_shown(&mut self, me: DivisionCode, from: DivisionCode, shown: &Matter) {
        let envelope = Envelope {
            author: from,
            epoch: Epoch {
                order: 1,
                id: EpochId([1; 16]),
                predecessor: EpochId::default(),
            },
            issue: 1,
            destination: Destination::Division(me),
            lane: crate::envelope::Lane::Notice,
            order: Order::Sequence(1),
            payload: Payload::Shown(Box::new(shown.clone())),
        };
        let neighbour = Neighbour::of(me, from, &self.tree).unwrap();
        assert_eq!(may(&envelope, neighbour, me, &self.tree), Ok(()));
        let request = self.next_request(me);
        let (id, known) = (shown.id, self.docket(me, shown.id));
        let one = Shown {
            from,
            matter: shown,
        };
        let lost = self.is_lost(me, id);
        let aside = self.aside(me, id);
        let heard = hear_shown(known.as_ref(), aside, one, lost, request, self.context(me));
        let Some(Learnt { decision, aside }) = heard.unwrap() else {
            return;
        };
        self.tally[LEARNT] += 1;
        self.store(me).learnt.insert(id);
        self.tally[ASIDE] += usize::from(aside.is_some());
        self.set_aside(me, aside, &decision.docket.matter);
        self.apply(me, decision);
    }

    pub(super) fn resume(&mut self) {
        let town = code(TOWN);
        for id in std::mem::take(&mut self.store(town).learnt) {
            let Some(docket) = self.docket(town, id) else {
                continue;
            };
            let floor = self.stores[&town].floors.get(&id).copied();
            let took = docket.taken;
            let Some(decision) = resume(docket, floor.unwrap_or_default(), self.context(town))
            else {
                continue;
            };
            self.tally[TAKEN_AGAIN] += usize::from(decision.docket.taken > took);
            self.apply(town, decision);
        }
    }
}
