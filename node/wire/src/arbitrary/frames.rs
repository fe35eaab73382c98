//! Strategies for frames of a link and their entries.

use super::*;

fn signed() -> impl Strategy<Value = (Statement, Bytes)> {
    let names = any::<([u8; 16], [u8; 16], [u8; 16], [u8; 32])>();
    (suite(), names, division(), any::<u32>(), bytes(0..80)).prop_map(
        |(suite, names, author, leaves, signature)| {
            let statement = Statement {
                suite,
                network: NetworkId(names.0),
                author,
                key: KeyId(names.1),
                epoch: EpochId(names.2),
                leaves,
                root: names.3,
            };
            (statement, signature)
        },
    )
}

fn path() -> impl Strategy<Value = Vec<[u8; 32]>> {
    vec(any::<[u8; 32]>(), 0..11)
}

pub(crate) fn entry() -> impl Strategy<Value = Entry> {
    let place = (-90_000_000..=90_000_000, -180_000_000..=180_000_000).prop_map(|degrees| Place {
        latitude: degrees.0,
        longitude: degrees.1,
    });
    let contact =
        (".{0,20}", "[0-9]{0,12}", ".{0,40}").prop_map(|(name, phone, address)| Contact {
            name,
            phone,
            address,
        });
    let detail = ("[a-z/]{0,20}", ".{0,20}").prop_map(|(name, text)| Detail { name, text });
    let told = (
        option::of(place),
        option::of(contact),
        vec(files::attachment(), 0..3),
        vec(detail, 0..3),
    );
    let body = (class(), any::<[u8; 16]>(), ".{0,80}", told).prop_map(
        |(class, salt, text, (place, contact, attachments, details))| Body {
            class,
            salt,
            text,
            details,
            place,
            contact,
            attachments,
        },
    );
    (
        bytes(1..200),
        signed(),
        any::<u32>(),
        path(),
        (vec(body, 0..3), vec(sealed(), 0..3)),
        option::of("00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]"),
    )
        .prop_map(
            |(bytes, (statement, signature), index, path, (bodies, sealed), trace)| Entry {
                bytes,
                proof: Proof {
                    statement,
                    signature,
                    index,
                    path,
                },
                bodies,
                sealed,
                trace,
            },
        )
}

fn sealed() -> impl Strategy<Value = SealedBody> {
    (any::<[u8; 32]>(), class(), bytes(0..80), bytes(0..80)).prop_map(
        |(commitment, class, wrap, ciphertext)| SealedBody {
            commitment,
            class,
            suite: SealSuite::X25519ChaCha20Poly1305,
            wrap,
            ciphertext,
        },
    )
}

/// Generates entries of which some share a statement.
fn batch() -> impl Strategy<Value = Frame> {
    let shared = vec(signed(), 1..4);
    let entries = vec((entry(), any::<Index>()), 1..12);
    (
        lane(),
        1..=i64::MAX as u64 / 2,
        shared,
        entries,
        vec(bytes(0..60), 0..3),
    )
        .prop_map(|(lane, first, shared, entries, key_statements)| {
            let entries = entries
                .into_iter()
                .map(|(mut entry, pick)| {
                    (entry.proof.statement, entry.proof.signature) = pick.get(&shared).clone();
                    entry
                })
                .collect();
            Frame::Batch(Batch::new(lane, first, entries, key_statements))
        })
}

fn templates_known() -> impl Strategy<Value = TemplatesKnown> {
    let template = || {
        (template_key(), template_version(), stamp()).prop_map(|(key, version, stamp)| {
            TemplateInForce {
                key,
                version,
                stamp,
            }
        })
    };
    (
        vec(template(), 0..4),
        vec(template(), 0..4),
        vec((division(), stamp()), 0..4),
    )
        .prop_map(|(latest, rollouts, lists)| TemplatesKnown {
            latest,
            rollouts,
            lists,
        })
}

fn hello() -> impl Strategy<Value = Frame> {
    let echo = (epoch_id(), ordinal(), entry()).prop_map(|(epoch, issue, entry)| Echo {
        epoch,
        issue,
        bytes: entry.bytes,
        proof: entry.proof,
    });
    let who = (
        any::<u32>(),
        any::<[u8; 16]>(),
        division(),
        epoch(),
        any::<[u8; 32]>(),
    );
    let windows = any::<(u32, u32, u32)>();
    (
        who,
        option::of(echo),
        templates_known(),
        vec(bytes(0..60), 0..3),
        moment(),
        (
            windows,
            option::of(any::<[u8; 32]>()),
            any::<bool>(),
            vec(epoch(), 0..4),
            any::<[u8; 16]>(),
            option::of(any::<[u8; 32]>()),
            "\\PC{0,8}",
        ),
    )
        .prop_map(|(who, echo, templates, key_statements, now, last)| {
            Frame::Hello(Box::new(Hello {
                protocol: who.0,
                network: NetworkId(who.1),
                division: who.2,
                epoch: who.3,
                topology: who.4,
                echo,
                templates,
                key_statements,
                now,
                window_envelopes: last.0.0,
                window_bytes: last.0.1,
                revocations: last.1,
                hears_watermarks: last.2,
                window_fetches: last.0.2,
                earlier: last.3,
                instance: last.4,
                keys: last.5,
                program: last.6,
            }))
        })
}

fn ack() -> impl Strategy<Value = Frame> {
    let refused = (any::<Index>(), any::<u32>(), "\\PC{0,40}");
    (lane(), 1..=u64::MAX, vec(refused, 0..5)).prop_map(|(lane, through, refused)| {
        let refused = refused.into_iter().map(|(pick, code, reason)| Refused {
            position: through - pick.index(usize::try_from(through).expect("64 bits")) as u64,
            code: RefusalCode::from_code(code),
            reason,
        });
        Frame::Ack(Ack {
            lane,
            through,
            refused: refused.collect(),
        })
    })
}

fn watermark() -> impl Strategy<Value = Frame> {
    let above = vec((division(), moment()), 0..=MOST_ABOVE);
    (moment(), above, moment())
        .prop_map(|(at, above, now)| Frame::Watermark(Watermark { at, above, now }))
}

pub(crate) fn frame() -> impl Strategy<Value = Frame> {
    let goodbye = (any::<u8>(), "\\PC{0,40}").prop_map(|(code, reason)| {
        Frame::Goodbye(Goodbye {
            code: GoodbyeCode::from_code(code.into()),
            reason,
        })
    });
    let probe = (any::<u64>(), "\\PC{0,40}", "\\PC{0,40}").prop_map(|(nonce, yours, other)| {
        Frame::Probe(Probe {
            nonce,
            yours,
            other,
        })
    });
    prop_oneof![
        probe,
        any::<u64>().prop_map(Frame::Alive),
        hello(),
        batch(),
        ack(),
        goodbye,
        files::fetch(),
        files::fetched(),
        watermark(),
        vec(bytes(0..60), 0..5).prop_map(Frame::Keys)
    ]
}
