//! Rollouts: whom they reach, what their acts change, and that order does not matter.

use super::*;

const KEY: &str = "330825/disclosure/finance";

/// The shares of the county, a township and a village, as computed with another program by the words of `template.proto`.
const SHARES_OF_TODAY: [u8; 3] = [77, 84, 96];

fn version(n: u32, stamp: u64) -> Template {
    // Each version demands one item more than the one before.
    let mut content = FINANCE.to_owned();
    for item in 1..n {
        content +=
            &format!("[[item]]\nname = \"第{item}项\"\nperiod_days = 30\nfields = [\"a\"]\n");
    }
    Template {
        stamp: Stamp(1, stamp),
        ..template(KEY, n, &content)
    }
}

fn word(n: u32, stamp: u64, act: RolloutAct, reach: Reach) -> Rollout {
    Rollout {
        template: version(n, stamp),
        number: u32::try_from(stamp).unwrap(),
        act,
        reach,
        at: Timestamp(0),
    }
}

fn township() -> Reach {
    Reach::new(0, vec![code("330825002")])
}

/// What a division knows and has in force, as a node keeps it.
#[derive(Clone, Debug, Default)]
struct Division {
    base: Option<Template>,
    rollout: Option<Rollout>,
    in_force: BTreeMap<TemplateKey, Template>,
    suspended: Vec<(TemplateKey, TemplateRefusal)>,
}

#[derive(Clone, Debug)]
enum Word {
    Base(Template),
    Rollout(Rollout),
}

impl Division {
    fn hear(&mut self, word: &Word, me: DivisionCode, tree: &Tree) -> Settled {
        match word {
            Word::Base(new) if self.base.as_ref().is_none_or(|old| old.stamp < new.stamp) => {
                self.base = Some(new.clone());
            }
            Word::Rollout(new)
                if self
                    .rollout
                    .as_ref()
                    .is_none_or(|old| old.template.stamp < new.template.stamp) =>
            {
                self.rollout = Some(new.clone());
            }
            _ => return Settled::default(),
        }
        let settled = settle(
            self.base.as_ref(),
            self.rollout.as_ref(),
            &self.in_force,
            me,
            tree,
        );
        let key: TemplateKey = KEY.parse().unwrap();
        match settled.effect {
            Effect::Unchanged => {}
            Effect::Base => drop(self.in_force.insert(key, self.base.clone().unwrap())),
            Effect::Rollout => {
                let rollout = self.rollout.clone().unwrap();
                drop(self.in_force.insert(key, rollout.template));
            }
            Effect::Nothing => drop(self.in_force.remove(&key)),
        }
        for (key, reason) in &settled.suspended {
            self.in_force.remove(key);
            self.suspended.push((key.clone(), reason.clone()));
        }
        settled
    }

    fn version(&self) -> u32 {
        let key: TemplateKey = KEY.parse().unwrap();
        self.in_force.get(&key).map_or(0, |held| held.version)
    }
}

#[test]
fn a_share_grows_and_loses_nobody_and_is_about_as_large_as_it_says() {
    let tree = Tree::zhejiang();
    let key: TemplateKey = KEY.parse().unwrap();
    let other: TemplateKey = "330825/disclosure/land".parse().unwrap();
    let nodes: Vec<_> = tree.nodes(code("33")).collect();
    let chosen = |key: &TemplateKey, share| {
        let chosen = nodes.iter().filter(|node| share_of(key, **node) < share);
        chosen.copied().collect::<Vec<_>>()
    };
    let (ten, thirty) = (chosen(&key, 10), chosen(&key, 30));
    assert!(ten.iter().all(|one| thirty.contains(one)));
    let near = |some: &[DivisionCode], percent: usize| {
        (some.len() * 100).abs_diff(nodes.len() * percent) < nodes.len() * 2
    };
    assert!(near(&ten, 10) && near(&thirty, 30));
    assert_ne!(
        ten,
        chosen(&other, 10),
        "not always the same bear the trials"
    );
    // A rule that everybody computes: it must never change.
    let shares = ["330825", "330825002", "330825002222"].map(|one| share_of(&key, code(one)));
    assert_eq!(shares, SHARES_OF_TODAY);
    let scope = Scope::new(code("330825"), &[], &[]);
    let reach = Reach::new(30, vec![code("330825002")]);
    let counted = reach.count(&key, &scope, &tree);
    let below = tree
        .nodes(code("330825"))
        .filter(|node| share_of(&key, *node) < 30 || tree.contains(code("330825002"), *node));
    assert_eq!(counted as usize, below.count());
}

#[test]
fn a_reach_names_somebody_in_scope_and_only_grows() {
    let tree = Tree::zhejiang();
    let scope = Scope::new(code("330825"), &[Tier::Township], &[]);
    let check = |share, named: &[&str]| {
        let named = named.iter().map(|one| code(one)).collect();
        Reach::new(share, named).check(&scope, &tree)
    };
    assert_eq!(check(30, &[]), Ok(()));
    assert_eq!(check(0, &["330825002"]), Ok(()));
    assert_eq!(check(0, &[]), Err(BadReach::Nobody));
    assert_eq!(check(100, &[]), Err(BadReach::Share));
    let village = code("330825002222");
    assert_eq!(
        check(0, &["330825002222"]),
        Err(BadReach::OutOfScope(village)),
        "the template is for townships"
    );
    let elsewhere = code("330802");
    assert_eq!(check(30, &["330802"]), Err(BadReach::OutOfScope(elsewhere)));
    let reach =
        |share, named: &[&str]| Reach::new(share, named.iter().map(|one| code(one)).collect());
    let village = reach(0, &["330825002222"]);
    assert!(reach(0, &["330825002"]).includes(&village, &tree));
    assert!(reach(10, &["330825002"]).includes(&village, &tree));
    assert!(!village.includes(&reach(0, &["330825002"]), &tree));
    assert!(!reach(9, &["330825"]).includes(&reach(10, &[]), &tree));
}

#[test]
fn the_acts_of_a_rollout_follow_each_other_and_only_those_that_fit() {
    let tree = Tree::zhejiang();
    let (base, earlier) = (version(2, 2), version(1, 1));
    let asked = |ask: RolloutAsk, word: Option<&Rollout>| {
        next(ask, Some(&base), word, Some(&earlier), Timestamp(9), &tree)
    };
    let begun = word(3, 3, RolloutAct::Begin, township());
    let wider = Reach::new(30, vec![code("330825002")]);
    let Ok(Next::Word(widened)) = asked(RolloutAsk::Widen(Some(wider.clone())), Some(&begun))
    else {
        panic!("it grows")
    };
    assert_eq!(
        (widened.number, widened.act, &widened.reach, widened.at),
        (4, RolloutAct::Widen, &wider, Timestamp(9))
    );
    assert_eq!(
        asked(RolloutAsk::Widen(Some(township())), Some(&widened)),
        Err(RolloutRefusal::NotWider)
    );
    assert_eq!(
        asked(RolloutAsk::Widen(Some(township())), Some(&begun)),
        Err(RolloutRefusal::NotWider),
        "the same again"
    );
    assert_eq!(
        asked(RolloutAsk::Resume, Some(&begun)),
        Err(RolloutRefusal::NotPaused)
    );
    let Ok(Next::Word(paused)) = asked(RolloutAsk::Pause, Some(&widened)) else {
        panic!("it pauses")
    };
    assert_eq!(paused.reach, wider);
    for ask in [
        RolloutAsk::Pause,
        RolloutAsk::Widen(None),
        RolloutAsk::Widen(Some(Reach::new(40, vec![code("330825002")]))),
    ] {
        assert_eq!(asked(ask, Some(&paused)), Err(RolloutRefusal::Paused));
    }
    let resumed = asked(RolloutAsk::Resume, Some(&paused));
    assert!(matches!(resumed, Ok(Next::Word(word)) if word.act == RolloutAct::Resume));
    assert_eq!(
        asked(RolloutAsk::Widen(None), Some(&widened)),
        Ok(Next::ForAll(widened.template.clone()))
    );
    let Ok(Next::Word(back)) = asked(RolloutAsk::RollBack, Some(&paused)) else {
        panic!("it is taken back")
    };
    let back = Rollout {
        template: Template {
            stamp: Stamp(1, 8),
            ..back.template
        },
        ..back
    };
    for ask in [RolloutAsk::Pause, RolloutAsk::Resume, RolloutAsk::RollBack] {
        assert_eq!(asked(ask, Some(&back)), Err(RolloutRefusal::NotUnderWay));
    }
    // Once a version is for all, the text before it becomes the next version.
    assert_eq!(
        asked(RolloutAsk::RollBack, None),
        Ok(Next::Earlier(earlier.clone()))
    );
    assert_eq!(
        next(
            RolloutAsk::RollBack,
            Some(&base),
            None,
            None,
            Timestamp(9),
            &tree
        ),
        Err(RolloutRefusal::NothingEarlier)
    );
}

#[test]
fn who_is_reached_takes_it_others_keep_the_version_before_and_all_get_it_back() {
    let tree = Tree::zhejiang();
    let (inside, outside) = (code("330825002222"), code("330825001001"));
    let base = Word::Base(version(1, 1));
    let begin = Word::Rollout(word(2, 2, RolloutAct::Begin, township()));
    let pause = Word::Rollout(word(2, 3, RolloutAct::Pause, township()));
    let back = Word::Rollout(word(2, 4, RolloutAct::RollBack, township()));
    let (mut reached, mut other, mut away) = (
        Division::default(),
        Division::default(),
        Division::default(),
    );
    for division in [&mut reached, &mut other, &mut away] {
        division.hear(&base, inside, &tree);
    }
    let settled = reached.hear(&begin, inside, &tree);
    assert_eq!(settled.rollout, Some(Stance::Applied));
    assert_eq!(settled.base, Some(Stance::Superseded));
    let settled = other.hear(&begin, outside, &tree);
    assert_eq!(
        (settled.rollout, settled.effect),
        (Some(Stance::Held), Effect::Unchanged)
    );
    assert_eq!((reached.version(), other.version()), (2, 1));
    // Paused: whoever has it keeps it, whoever was away does not take it.
    assert_eq!(
        reached.hear(&pause, inside, &tree).rollout,
        Some(Stance::Applied)
    );
    assert_eq!(
        away.hear(&pause, inside, &tree).rollout,
        Some(Stance::Paused)
    );
    assert_eq!((reached.version(), away.version()), (2, 1));
    // What comes late changes nothing.
    reached.hear(&begin, inside, &tree);
    away.hear(&begin, inside, &tree);
    assert_eq!((reached.version(), away.version()), (2, 1));
    let settled = reached.hear(&back, inside, &tree);
    assert_eq!(settled.effect, Effect::Base);
    assert_eq!(settled.base, Some(Stance::Applied));
    assert_eq!(away.hear(&back, inside, &tree).effect, Effect::Unchanged);
    assert_eq!((reached.version(), away.version()), (1, 1));
}

#[test]
fn without_a_version_before_nothing_is_in_force_after_a_rollback() {
    let tree = Tree::zhejiang();
    let me = code("330825002222");
    let mut division = Division::default();
    let begin = word(1, 1, RolloutAct::Begin, township());
    division.hear(&Word::Rollout(begin), me, &tree);
    assert_eq!(division.version(), 1);
    let back = word(1, 2, RolloutAct::RollBack, township());
    let settled = division.hear(&Word::Rollout(back), me, &tree);
    assert_eq!(settled.effect, Effect::Nothing);
    assert_eq!(settled.rollout, Some(Stance::Held));
    assert_eq!(division.version(), 0);
}

#[test]
fn a_template_that_fitted_only_the_version_taken_back_is_suspended_and_what_is_built_on_it() {
    let tree = Tree::zhejiang();
    let me = code("330825002222");
    // The version that is taken back allows more days than the one before.
    let shorter = "format = 1\n[[item]]\nname = \"a\"\nperiod_days = 10\nfields = [\"a\"]\n";
    let longer = "format = 1\n[[item]]\nname = \"a\"\nperiod_days = 30\nfields = [\"a\"]\n";
    let of = |n, stamp, content: &str| Template {
        stamp: Stamp(1, stamp),
        ..template(KEY, n, content)
    };
    let rollout = |act, stamp| {
        Word::Rollout(Rollout {
            template: of(2, stamp, longer),
            ..word(2, stamp, act, township())
        })
    };
    let tightens = |key: &str, base: &str, days| {
        let content = format!(
            "format = 1\ntightens = \"{base}\"\n[[item]]\nname = \"a\"\nperiod_days = {days}\nfields = [\"a\"]\n"
        );
        template(key, 1, &content)
    };
    let village = tightens(
        "330825002222/disclosure/ours",
        "330825002/disclosure/theirs",
        15,
    );
    let township = tightens("330825002/disclosure/theirs", KEY, 20);
    let strict = tightens("330825002222/disclosure/strict", KEY, 5);
    let mut division = Division::default();
    division.hear(&Word::Base(of(1, 1, shorter)), me, &tree);
    division.hear(&rollout(RolloutAct::Begin, 2), me, &tree);
    for other in [&township, &village, &strict] {
        let verdict = consider(other, &division.in_force, &tree);
        assert_eq!(verdict, Verdict::Applied, "{}", other.key);
        division.in_force.insert(other.key.clone(), other.clone());
    }
    division.hear(&rollout(RolloutAct::RollBack, 3), me, &tree);
    assert_eq!(division.version(), 1);
    let reasons: Vec<_> = division
        .suspended
        .iter()
        .map(|(key, why)| (key.to_string(), why.to_string()))
        .collect();
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert_eq!(reasons[0].0, township.key.to_string());
    assert!(reasons[0].1.contains("from 10 to 20 days"), "{reasons:?}");
    assert_eq!(reasons[1].0, village.key.to_string());
    assert!(reasons[1].1.contains("not in force here"), "{reasons:?}");
    assert!(
        division.in_force.contains_key(&strict.key),
        "stricter stays"
    );
}

/// The words that an issuer says one after the other.
fn story(acts: &[(u8, u8)]) -> Vec<Word> {
    let tree = Tree::zhejiang();
    let mut words = vec![Word::Base(version(1, 1))];
    let (mut base, mut rollout, mut earlier) = (version(1, 1), None::<Rollout>, None);
    let mut newest = 1;
    for (stamp, (act, share)) in (2u64..).zip(acts) {
        let reach = Reach::new(share % 100, vec![code("330825002")]);
        let going = rollout
            .as_ref()
            .is_some_and(|word| word.is_under_way(Some(&base)));
        let ask = match act % 6 {
            0 if !going => {
                newest += 1;
                let said = word(newest, stamp, RolloutAct::Begin, reach);
                words.push(Word::Rollout(said.clone()));
                rollout = Some(said);
                continue;
            }
            0 | 1 => RolloutAsk::Widen(Some(reach)),
            2 => RolloutAsk::Pause,
            3 => RolloutAsk::Resume,
            4 => RolloutAsk::RollBack,
            _ => RolloutAsk::Widen(None),
        };
        let said = next(
            ask,
            Some(&base),
            rollout.as_ref(),
            earlier.as_ref(),
            Timestamp(0),
            &tree,
        );
        let stamped = |template: Template| Template {
            stamp: Stamp(1, stamp),
            ..template
        };
        let for_all = match said {
            Err(_) => continue,
            Ok(Next::Word(said)) => {
                let template = stamped(said.template.clone());
                let said = Rollout { template, ..said };
                words.push(Word::Rollout(said.clone()));
                rollout = Some(said);
                continue;
            }
            Ok(Next::ForAll(template)) => stamped(template),
            Ok(Next::Earlier(template)) => {
                newest += 1;
                stamped(Template {
                    version: newest,
                    ..template
                })
            }
        };
        earlier = Some(std::mem::replace(&mut base, for_all.clone()));
        words.push(Word::Base(for_all));
    }
    words
}

proptest! {
    /// Whatever comes in which order, how often, and how many divisions were away in between: what is in force in the end depends
    /// on the last words alone. While a rollout is paused, whoever took its version before keeps it.
    #[test]
    fn every_order_of_arrival_ends_the_same(
        acts in prop::collection::vec((0u8..6, 0u8..100), 0..12),
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
        division in 0usize..4,
    ) {
        let tree = Tree::zhejiang();
        let me = code(["330825", "330825002222", "330825001001", "330825001002"][division]);
        let words = story(&acts);
        let mut on_time = Division::default();
        for word in &words {
            on_time.hear(word, me, &tree);
        }
        let mut shuffled = Division::default();
        for at in &order {
            shuffled.hear(at.get(&words), me, &tree);
        }
        // What did not come yet comes in the end, in the order of the feed or in the other one.
        let mut reversed = shuffled.clone();
        for word in &words {
            shuffled.hear(word, me, &tree);
        }
        for word in words.iter().rev() {
            reversed.hear(word, me, &tree);
        }
        let (base, rollout) = (&on_time.base, &on_time.rollout);
        prop_assert_eq!(base, &shuffled.base);
        prop_assert_eq!(rollout, &reversed.rollout);
        let paused = rollout.as_ref().is_some_and(|word| {
            word.is_under_way(base.as_ref()) && word.act.state() == RolloutState::Paused
        });
        let of_rollout = rollout.as_ref().map_or(0, |word| word.template.version);
        let of_base = base.as_ref().map_or(0, |base| base.version);
        for other in [&shuffled, &reversed] {
            match paused {
                false => prop_assert_eq!(on_time.version(), other.version()),
                true => prop_assert!([of_base, of_rollout].contains(&other.version())),
            }
        }
        // Hearing everything once more changes nothing.
        for word in &words {
            let again = shuffled.hear(word, me, &tree);
            prop_assert_eq!(again.effect, Effect::Unchanged);
        }
        let settled = settle(
            shuffled.base.as_ref(), shuffled.rollout.as_ref(), &shuffled.in_force, me, &tree,
        );
        prop_assert_eq!(settled.effect, Effect::Unchanged);
    }
}
