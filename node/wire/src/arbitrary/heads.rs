//! Strategies for heads of public logs.

use domain::heads::{HeadAnswer, Rewritten, SaidHead, Since, TimedSignature, Verdict};

use super::*;

fn signed() -> impl Strategy<Value = TimedSignature> {
    (ordinal(), any::<[u8; 32]>(), any::<[u8; 32]>()).prop_map(|(time, left, right)| {
        let mut signature = [0; 64];
        signature[..32].copy_from_slice(&left);
        signature[32..].copy_from_slice(&right);
        TimedSignature { time, signature }
    })
}

fn since() -> impl Strategy<Value = Since> {
    let hashes = vec(any::<[u8; 32]>(), 0..5);
    let own = option::of(signed());
    (division(), ordinal(), any::<[u8; 32]>(), hashes, own).prop_map(
        |(witness, size, root, proof, own)| Since {
            witness,
            size,
            root,
            proof,
            own,
        },
    )
}

pub(super) fn head() -> impl Strategy<Value = SaidHead> {
    let texts = (".{0,40}", ".{0,80}");
    (any::<[u8; 32]>(), texts, vec(since(), 0..3)).prop_map(|(log, (key, note), since)| SaidHead {
        log,
        key,
        note,
        since,
    })
}

pub(super) fn answer() -> impl Strategy<Value = HeadAnswer> {
    let cosigned = (".{0,40}", ordinal(), any::<[u8; 32]>(), signed());
    let verdict = prop_oneof![
        cosigned.prop_map(|(key, size, root, signed)| Verdict::Cosigned {
            key,
            size,
            root,
            signed,
        }),
        ordinal().prop_map(|size| Verdict::Behind { size }),
        (any::<u32>(), ".{0,80}").prop_map(|(how, earlier)| Verdict::Contradicts { how, earlier }),
    ];
    (any::<[u8; 32]>(), verdict).prop_map(|(log, verdict)| HeadAnswer { log, verdict })
}

pub(super) fn rewritten() -> impl Strategy<Value = Rewritten> {
    let texts = (".{0,40}", ".{0,80}", ".{0,80}");
    (division(), any::<[u8; 32]>(), any::<u32>(), texts).prop_map(
        |(division, log, how, (key, earlier, later))| Rewritten {
            division,
            log,
            key,
            how,
            earlier,
            later,
        },
    )
}
