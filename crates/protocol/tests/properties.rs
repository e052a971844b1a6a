//! Whatever arrives: what is encoded decodes to the same, and nothing panics or stalls.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use proptest::{collection::vec, option, prelude::*};
use switchboard_protocol::{
    AgentEvent, AgentEventKind, AgentStatus, ClientFrame, ConnectionAck, Control, DashboardUpdate, Envelope,
    ExecutionEvent, ExecutionFrame, Frame, Handshake, JobEvent, Json, NamedEntity, Object, Pong, Resume,
    Resumed, Resync, ScrapePhase, ScrapeProgress, ScrapedItem, ScrapedPage, Subscribed, TaskOutcome,
    TaskResult, Timestamp, decode, decode_bytes, decode_message,
};

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z0-9-]{1,12}", any::<String>()]
}

fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(serde_json::Value::from),
            vec((any::<String>(), inner), 0..6).prop_map(|members| members.into_iter().collect()),
        ]
    })
    .prop_map(|value| Json::write(&value).unwrap())
}

/// A payload that is not `null`, which stands for an absent one.
fn payload() -> impl Strategy<Value = Option<Json>> {
    option::of(json().prop_filter("null is absent", |json| json.text() != "null"))
}

fn time() -> impl Strategy<Value = Option<Timestamp>> {
    option::of((0_i64..4_102_444_800_000).prop_map(Timestamp::from_millis))
}

fn control() -> impl Strategy<Value = Control> {
    prop_oneof![
        (option::of(text()), option::of(text()), option::of(any::<u64>()), option::of(any::<u64>()))
            .prop_map(|(connection_id, epoch, seq, heartbeat_seconds)| Control::ConnectionAck(
                ConnectionAck { connection_id, epoch, seq, heartbeat_seconds }
            )),
        (option::of(any::<u64>()), option::of(any::<u64>()))
            .prop_map(|(seq, delivered)| Control::Pong(Pong { seq, delivered })),
        (any::<u64>(), any::<u64>()).prop_map(|(from, to)| Control::Resumed(Resumed { from, to })),
        text().prop_map(|reason| Control::Resync(Resync { reason: (&*reason).into() })),
        (text(), option::of(any::<u64>())).prop_map(|(execution, seq)| Control::Subscribed(Subscribed {
            execution_id: execution.into(),
            seq
        })),
    ]
}

fn agent_kind() -> impl Strategy<Value = AgentEventKind> {
    let status = prop_oneof![
        Just(AgentStatus::Running),
        Just(AgentStatus::Idle),
        Just(AgentStatus::Stopped),
        Just(AgentStatus::Error)
    ];
    prop_oneof![
        (option::of(status), option::of(text()), option::of(0..100_000_u64)).prop_map(
            |(status, current_task, heartbeat_seconds)| AgentEventKind::Heartbeat {
                status,
                current_task,
                heartbeat_seconds
            }
        ),
        Just(AgentEventKind::Started),
        Just(AgentEventKind::Stopped),
        option::of(text()).prop_map(|error| AgentEventKind::Error { error }),
    ]
}

fn outcome() -> impl Strategy<Value = TaskOutcome> {
    prop_oneof![
        payload().prop_map(|result| TaskOutcome::Completed { result }),
        text().prop_map(|error| TaskOutcome::Failed { error: Some(error), result: None }),
    ]
}

fn frame() -> impl Strategy<Value = Frame> {
    let phase = prop::sample::select(ScrapePhase::ALL.to_vec());
    prop_oneof![
        control().prop_map(Frame::Control),
        (text(), json()).prop_map(|(organization, payload)| {
            let mut data = Object::default();
            data.set("organizationId", &Json::write(&organization).unwrap());
            data.set("more", &payload);
            let data = data.to_json().unwrap();
            Frame::DashboardUpdate(DashboardUpdate { organization_id: organization.into(), data })
        }),
        (option::of(text()), text(), text(), time(), payload()).prop_map(
            |(organization, job, kind, timestamp, data)| Frame::JobEvent(JobEvent {
                organization_id: organization.map(Into::into),
                job_id: job.into(),
                kind: (&*kind).into(),
                timestamp,
                data,
            })
        ),
        (text(), option::of(text()), text(), time(), payload()).prop_map(
            |(execution, id, kind, timestamp, data)| Frame::ExecutionEvent(ExecutionFrame {
                execution_id: execution.into(),
                event: ExecutionEvent { id: id.map(Into::into), kind: (&*kind).into(), timestamp, data },
            })
        ),
        (text(), option::of(phase), option::of(text()), numbers(), time(), scraped()).prop_map(
            |(run, phase, platform, [current, total, items, bytes, errors], timestamp, (pages, results))| {
                Frame::ScrapeProgress(ScrapeProgress {
                    run_id: run.into(),
                    phase,
                    platform,
                    current,
                    total,
                    message: None,
                    timestamp,
                    items,
                    bytes,
                    errors,
                    pages,
                    results,
                })
            }
        ),
        (text(), option::of(text()), outcome()).prop_map(|(task, organization, outcome)| Frame::TaskResult(
            TaskResult { task_id: task.into(), organization_id: organization.map(Into::into), outcome }
        )),
        (text(), time(), time(), option::of("[a-z]{1,8}"), option::of(text()), agent_kind()).prop_map(
            |(agent, timestamp, received_at, department, execution, kind)| Frame::AgentEvent(AgentEvent {
                timestamp,
                received_at,
                department: department.map(NamedEntity::named),
                execution_id: execution.map(Into::into),
                ..AgentEvent::of(agent.into(), kind)
            })
        ),
    ]
}

fn numbers() -> impl Strategy<Value = [Option<u64>; 5]> {
    proptest::array::uniform5(option::of(any::<u64>()))
}

/// Pages and items of a scrape run.
fn scraped() -> impl Strategy<Value = (Vec<ScrapedPage>, Vec<ScrapedItem>)> {
    let page = (text(), option::of(any::<u16>()), option::of(text()), option::of(any::<u64>()), time())
        .prop_map(|(url, status, title, links, at)| ScrapedPage {
            status,
            title,
            links,
            at,
            ..ScrapedPage::of(url)
        });
    let item = (option::of(text()), json()).prop_map(|(url, value)| {
        let mut fields = Object::default();
        fields.set("value", &value);
        ScrapedItem { url, platform: None, fields: fields.to_json().unwrap() }
    });
    (proptest::collection::vec(page, 0..3), proptest::collection::vec(item, 0..3))
}

fn envelope() -> impl Strategy<Value = Envelope> {
    (option::of(any::<u64>()), option::of(text()), frame()).prop_map(|(seq, organization, frame)| Envelope {
        seq: if matches!(frame, Frame::Control(_)) { None } else { seq },
        organization_id: organization.map(Into::into),
        frame,
    })
}

proptest! {
    #[test]
    fn what_is_encoded_decodes_to_the_same(envelope in envelope()) {
        let text = envelope.encode().unwrap();
        prop_assert!(!text.contains('\n'), "a frame stands on one line");
        prop_assert_eq!(decode(&text).unwrap(), envelope);
    }

    #[test]
    fn a_batch_is_its_frames(envelopes in vec(envelope(), 0..8)) {
        let lines: Vec<_> = envelopes.iter().map(|envelope| envelope.encode().unwrap()).collect();
        let decoded: Vec<_> = decode_message(&lines.join("\n")).map(Result::unwrap).collect();
        prop_assert_eq!(decoded, envelopes);
    }

    #[test]
    fn a_cut_frame_is_an_error_and_no_panic(envelope in envelope(), cut in any::<prop::sample::Index>()) {
        let text = envelope.encode().unwrap();
        let cut = cut.index(text.len());
        prop_assert!(decode_bytes(&text.as_bytes()[..cut]).is_err());
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..512)) {
        let _ = decode_bytes(&bytes);
        let text = String::from_utf8_lossy(&bytes);
        prop_assert!(decode_message(&text).count() <= text.len() + 1);
        let _ = ClientFrame::decode(&text);
    }

    /// Arbitrary values under the right names reach the code behind the first check.
    #[test]
    fn arbitrary_members_never_panic(
        kind in prop::sample::select(vec!["event", "pong", "connection_ack", "subscribed", "resumed", "resync", "scrape_progress", "heartbeat", "agent_error"]),
        name in prop::sample::select(vec!["dashboard:update", "job:event", "update"]),
        values in vec(json(), 9),
    ) {
        let names = ["seq", "executionId", "event", "data", "runId", "agentId", "timestamp", "from", "organizationId"];
        let mut typed = Object::default();
        for (name, value) in names.into_iter().zip(&values) {
            typed.set(name, value);
        }
        let mut named = typed.clone();
        typed.set("type", &Json::write(kind).unwrap());
        named.set("event", &Json::write(name).unwrap());
        for object in [typed, named] {
            if let Ok(envelope) = decode(object.to_json().unwrap().text()) {
                let _ = envelope.encode();
            }
        }
    }

    #[test]
    fn a_rewritten_object_keeps_what_nobody_knows(members in vec(("[a-z]{1,6}", json()), 0..8), seq: u64) {
        let value: serde_json::Map<String, serde_json::Value> =
            members.iter().map(|(name, json)| (name.clone(), json.read().unwrap())).collect();
        let text = serde_json::to_string(&value).unwrap();
        let mut object = Object::parse(&text).unwrap();
        object.set("SEQ", &Json::write(&seq).unwrap());
        let mut expected = value;
        expected.insert("SEQ".into(), seq.into());
        let rewritten: serde_json::Map<String, serde_json::Value> = object.to_json().unwrap().read().unwrap();
        prop_assert_eq!(rewritten, expected);
    }

    #[test]
    fn what_a_client_says_is_read_back(
        token in text(), organization in option::of(text()), epoch in text(), seq: u64, resumes: bool,
        subscribe in vec(text(), 0..4), batch: bool, binary: bool, execution in text(),
    ) {
        let shake = ClientFrame::Handshake(Handshake {
            token,
            organization_id: organization.map(Into::into),
            resume: resumes.then_some(Resume { epoch, seq }),
            subscribe: subscribe.into_iter().map(Into::into).collect(),
            batch,
            binary,
        });
        for frame in [shake, ClientFrame::Subscribe(execution.clone().into()), ClientFrame::Unsubscribe(execution.into()), ClientFrame::Ping] {
            prop_assert_eq!(ClientFrame::decode(&frame.encode()).unwrap(), frame);
        }
    }
}
