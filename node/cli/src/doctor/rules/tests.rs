use topology::saying::Saying;

use super::*;
use Verdict::{Fault, Ok as Fine, Warning};

/// Checks the verdict, and that a remedy is told in both languages exactly if something is wrong.
fn verdict(row: &Row) -> Verdict {
    let in_chinese = |said: &Saying| !said.chinese.is_ascii();
    assert!(!row.found.english.is_empty(), "{row:?}");
    let wrong = row.verdict != Fine;
    assert_eq!(!row.remedy.english.is_empty(), wrong, "{row:?}");
    assert_eq!(in_chinese(&row.remedy), wrong, "{row:?}");
    row.verdict
}

#[test]
fn little_room_is_a_warning_and_hardly_any_a_fault() {
    const GIB: u64 = 1 << 30;
    for (bytes, free, inodes, free_inodes, expected) in [
        (100 * GIB, 50 * GIB, 1_000_000, 900_000, Fine),
        (100 * GIB, 4 * GIB, 1_000_000, 900_000, Warning),
        (4 * GIB, GIB / 2, 1_000_000, 900_000, Warning),
        (100 * GIB, 63 * MIB, 1_000_000, 900_000, Fault),
        (100 * GIB, 50 * GIB, 1_000_000, 9_000, Warning),
        (100 * GIB, 50 * GIB, 1_000_000, 0, Fault),
        // btrfs counts no inodes.
        (100 * GIB, 50 * GIB, 0, 0, Fine),
    ] {
        let row = space(
            "/d",
            Space {
                bytes,
                free,
                inodes,
                free_inodes,
            },
        );
        assert_eq!(verdict(&row), expected, "{row:?}");
    }
}

#[test]
fn the_median_and_the_longest_sync_are_judged() {
    let ms = Duration::from_millis;
    let with = |usual: u64, longest: u64| {
        let mut took = vec![ms(usual); 19];
        took.insert(3, ms(longest));
        verdict(&sync("/d", took))
    };
    assert_eq!(with(2, 40), Fine);
    assert_eq!(with(31, 40), Warning);
    assert_eq!(with(2, 1_100), Warning);
    assert_eq!(with(501, 600), Fault);
}

#[test]
fn only_a_disk_of_the_machine_keeps_what_was_acknowledged() {
    for kind in ["ext4", "xfs", "btrfs", "zfs"] {
        assert_eq!(verdict(&file_system("/d", kind)), Fine, "{kind}");
    }
    for kind in [
        "nfs4",
        "cifs",
        "fuse.sshfs",
        "fuseblk",
        "9p",
        "overlay",
        "tmpfs",
    ] {
        assert_eq!(verdict(&file_system("/d", kind)), Warning, "{kind}");
    }
}

#[test]
fn files_that_are_open_or_foreign_are_faults_and_each_is_a_row() {
    let mut found = Closed {
        looked_at: 9,
        ..Closed::default()
    };
    let verdicts = |found: &Closed| {
        let rows = permissions("/d", found);
        rows.iter().map(verdict).collect::<Vec<_>>()
    };
    assert_eq!(verdicts(&found), [Fine]);
    found.open.push("/d/identity/33/tls.key".into());
    found.foreign.push("/d/store".into());
    assert_eq!(verdicts(&found), [Fault, Fault]);
    let rows = permissions("/d", &found);
    assert_eq!(rows[0].subject, "/d/identity/33/tls.key");
    found.hidden.push("/d/identity".into());
    assert_eq!(verdicts(&found), [Fault, Fault, Warning]);
}

#[test]
fn limits_are_compared_with_what_is_needed() {
    assert_eq!(verdict(&descriptors(1_024, 400)), Fine);
    assert_eq!(verdict(&descriptors(450, 400)), Warning);
    assert_eq!(verdict(&descriptors(399, 400)), Fault);
    assert_eq!(verdict(&memory(1 << 30, 200 << 20)), Fine);
    assert_eq!(verdict(&memory(128 << 20, 200 << 20)), Warning);
}

#[test]
fn a_certificate_that_was_not_renewed_in_time_is_told_before_it_ends() {
    let valid = Valid {
        from: 0,
        through: 90 * DAY,
    };
    let at = |now| verdict(&certificate(Check::Certificate, "330825", valid, now));
    assert_eq!(at(60 * DAY), Fine);
    assert_eq!(at(70 * DAY), Warning);
    assert_eq!(at(89 * DAY), Fault);
    assert_eq!(at(91 * DAY), Fault);
    assert_eq!(at(-DAY), Fault, "it is not valid yet: the clock is wrong");
    let ended = certificate(Check::Certificate, "330825", valid, 91 * DAY);
    assert!(ended.remedy.english.contains("--renew"), "{ended:?}");
}

#[test]
fn a_port_is_right_if_the_node_has_it_or_may_have_it() {
    let of = |found: &Port| verdict(&port("listen", "[::]:7450", found));
    assert_eq!(of(&Port::Answers), Fine);
    assert_eq!(of(&Port::Free), Fine);
    assert_eq!(of(&Port::Silent), Fault);
    assert_eq!(of(&Port::Taken("address in use".to_owned())), Fault);
}

#[test]
fn one_address_of_the_parent_that_answers_is_enough() {
    let answered = Reached::Answered(3);
    let failures = [
        Reached::Nobody("refused".to_owned()),
        Reached::Refused("another root".to_owned()),
        Reached::Odd("reset".to_owned()),
    ];
    assert_eq!(verdict(&parent("a:1", &answered, true)), Fine);
    for failure in failures {
        assert_eq!(
            verdict(&parent("a:1", &failure, false)),
            Fault,
            "{failure:?}"
        );
        assert_eq!(
            verdict(&parent("a:1", &failure, true)),
            Warning,
            "{failure:?}"
        );
    }
    assert_eq!(
        verdict(&parent_name(
            "a:1",
            Ok(vec![("192.0.2.1:1".to_owned(), vec![])])
        )),
        Fine
    );
    let unresolved = parent_name(
        "a:1",
        Err("it cannot be resolved; check `parent`".to_owned()),
    );
    assert_eq!(unresolved.verdict, Fault);
    assert_eq!(unresolved.remedy.english, "check `parent`");
}

#[test]
fn a_clock_may_be_off_by_three_minutes_and_never_before_what_was_written() {
    for (other, ahead, expected) in [
        (Other::Parent, 0, Fine),
        (Other::Parent, -5, Fine),
        (Other::Parent, 6, Warning),
        (Other::Parent, -180, Warning),
        (Other::Parent, 181, Fault),
        (Other::Parent, -181, Fault),
        (Other::Store, 86_400 * 30, Fine),
        (Other::Store, -5, Fine),
        (Other::Store, -60, Warning),
        (Other::Store, -3_600, Fault),
    ] {
        assert_eq!(verdict(&clock(other, ahead)), expected, "{other:?} {ahead}");
    }
    assert_eq!(verdict(&no_clock()), Warning);
}

#[test]
fn every_fault_of_the_configuration_is_a_row_with_its_line() {
    assert_eq!(verdict(&configuration(Some("node.toml"), &[])[0]), Fine);
    let said = |english: &str, chinese: &str| Saying {
        english: english.to_owned(),
        chinese: chinese.to_owned(),
    };
    let fault = Problem::of(
        "zone",
        said("it is missing", "没有写"),
        said("set it", "请写"),
    );
    let placed = fault.clone().at(Some(config::Place { line: 7, column: 1 }));
    let rows = configuration(Some("node.toml"), &[fault, placed]);
    assert_eq!(rows.iter().map(verdict).collect::<Vec<_>>(), [Fault, Fault]);
    assert_eq!(rows[0].subject, "zone");
    assert_eq!(rows[1].subject, "node.toml:7 zone");
}
