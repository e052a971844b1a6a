//! A thousand messages while the network is cut at random: the real hub, the real link and the real registry of pending
//! tasks, over real sockets. Each message is stored once, and each reply comes once.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::Value;
use switchboard_link::{Backoff, LinkOptions, LinkState};
use switchboard_model::{
    ConnectionMark, PendingTask, PendingTasks, TaskAnswer, TaskEnd, TaskInput, TaskOutput,
};
use switchboard_protocol::{
    ConversationId, Frame, MessageId, OrganizationId, TaskId,
    rest::{PostMessage, Posted, TaskState},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
    time::timeout,
};

use crate::{
    Config,
    command::tail::connection::{Happening, connect},
};

const MESSAGES: usize = 1_000;

/// How many messages are on their way at a time.
const AT_ONCE: usize = 8;

/// How often the network fails: once in so many things that happen.
const CUT_ONCE_IN: usize = 25;

/// TCP in front of the hub, cut and refused as the test says.
struct Network {
    address: SocketAddr,
    cuts: watch::Sender<u64>,
    refuses: Arc<AtomicBool>,
    passed: Arc<AtomicUsize>,
}

impl Network {
    async fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let network = Self {
            address: listener.local_addr().unwrap(),
            cuts: watch::Sender::new(0),
            refuses: Arc::default(),
            passed: Arc::default(),
        };
        let (cuts, refuses, passed) =
            (network.cuts.clone(), Arc::clone(&network.refuses), Arc::clone(&network.passed));
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let mut cut = cuts.subscribe();
                if refuses.load(Ordering::SeqCst) {
                    continue;
                }
                passed.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    let Ok(mut hub) = TcpStream::connect(target).await else { return };
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut client, &mut hub) => {}
                        _ = cut.changed() => {}
                    }
                });
            }
        });
        network
    }

    fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

/// What a page hears of.
enum Heard {
    Link(Happening),
    /// The answer to a message, `None` where none came; with the mark of the moment before it was sent.
    Sent(MessageId, ConnectionMark, Option<Posted>),
    Answered(u64, TaskAnswer),
}

/// What the browser's page does, without a browser; and the network that it suffers.
struct Page {
    tasks: PendingTasks,
    began: Instant,
    random: fastrand::Rng,
    network: Network,
    base: String,
    client: reqwest::Client,
    conversation: ConversationId,
    heard: mpsc::UnboundedSender<Heard>,
    connected: bool,
    unsent: Vec<MessageId>,
    /// The task of each message that was answered.
    known: HashMap<MessageId, TaskId>,
    /// How often each task has ended.
    ends: HashMap<TaskId, usize>,
    questions: usize,
    cuts: usize,
}

fn organization() -> OrganizationId {
    OrganizationId::default()
}

fn schedule(attempt: u32, random: f64) -> u64 {
    Backoff::new(10, 2.0, 200, 0).delay_ms(attempt, random)
}

impl Page {
    fn tell(&mut self, input: TaskInput) {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap();
        let mut outputs = Vec::new();
        self.tasks.handle(input, now, self.random.f64(), &mut outputs);
        for output in outputs {
            match output {
                TaskOutput::Ask { task, question } => self.ask(&task, question),
                TaskOutput::Ended { task, end } => {
                    assert!(matches!(end, TaskEnd::Result(_)), "{} ended as {end:?}", task.task_id);
                    *self.ends.entry(task.task_id).or_default() += 1;
                }
                TaskOutput::Remember(_) | TaskOutput::Forget(_) => {}
            }
        }
    }

    fn ask(&mut self, task: &PendingTask, question: u64) {
        self.questions += 1;
        let url = format!("{}/api/tasks/{}", self.base, task.task_id);
        let (client, heard) = (self.client.clone(), self.heard.clone());
        tokio::spawn(async move {
            let answer = match json::<TaskState>(client.get(url)).await {
                Some(state) => state.outcome().map_or(TaskAnswer::Open, TaskAnswer::Ended),
                None => TaskAnswer::Unreachable,
            };
            let _ = heard.send(Heard::Answered(question, answer));
        });
    }

    fn send_next(&mut self) {
        if let Some(id) = self.unsent.pop() {
            self.send(id, false);
        }
    }

    fn send(&self, id: MessageId, again: bool) {
        let message = PostMessage {
            content: format!("/help {id}"),
            conversation_id: Some(self.conversation.clone()),
            id: Some(id.clone()),
            ..PostMessage::default()
        };
        let request = self.client.post(format!("{}/api/chat/messages", self.base));
        let request = request.body(serde_json::to_vec(&message).unwrap());
        let mark = if again { ConnectionMark::default() } else { self.tasks.mark() };
        let heard = self.heard.clone();
        tokio::spawn(async move {
            let _ = heard.send(Heard::Sent(id, mark, json(request).await));
        });
    }

    /// Cuts the network now and then, and lets it work again.
    fn disturb(&mut self) {
        if self.random.usize(..CUT_ONCE_IN) == 0 {
            self.cuts += 1;
            self.network.refuses.store(self.random.bool(), Ordering::SeqCst);
            self.network.cut();
        } else if self.random.usize(..4) == 0 {
            self.network.refuses.store(false, Ordering::SeqCst);
        }
    }

    fn hear(&mut self, heard: Heard) {
        match heard {
            Heard::Link(Happening::Frame(envelope)) => {
                if let Frame::TaskResult(result) = envelope.frame {
                    self.tell(TaskInput::Frame(result));
                }
            }
            Heard::Link(Happening::Status(status)) => {
                let now = status.state == LinkState::Connected;
                if now != std::mem::replace(&mut self.connected, now) {
                    let followed = now.then(organization);
                    self.tell(followed.map_or(TaskInput::Disconnected, TaskInput::Connected));
                }
            }
            Heard::Link(_) => {}
            Heard::Sent(id, mark, Some(Posted::Queued { task_id, .. })) => {
                let before = self.known.insert(id, task_id.clone());
                assert!(before.is_none_or(|before| before == task_id), "one message has two tasks");
                let task = PendingTask {
                    task_id,
                    organization_id: organization(),
                    conversation_id: Some(self.conversation.clone()),
                    since: None,
                };
                self.tell(TaskInput::Registered { task, mark });
                self.send_next();
            }
            // By the same name: it may have been stored though the answer was lost.
            Heard::Sent(id, ..) => {
                self.network.refuses.store(false, Ordering::SeqCst);
                self.send(id, true);
            }
            Heard::Answered(question, answer) => self.tell(TaskInput::Answered { question, answer }),
        }
    }

    /// Until each message has its reply.
    async fn wait_for_all(&mut self, hears: &mut mpsc::UnboundedReceiver<Heard>) {
        while self.ends.len() < MESSAGES || !self.tasks.tasks().is_empty() {
            let due = self.tasks.deadline().map(|due| self.began + Duration::from_millis(due));
            let sleep = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                next = hears.recv() => {
                    self.disturb();
                    self.hear(next.unwrap());
                }
                () = sleep => self.tell(TaskInput::Timer),
            }
        }
    }
}

/// The answer of a request, unless the network lost it.
async fn json<T: serde::de::DeserializeOwned>(request: reqwest::RequestBuilder) -> Option<T> {
    let answer = timeout(Duration::from_secs(20), request.send()).await.ok()?.ok()?;
    assert!(answer.status().is_success(), "{answer:?}");
    serde_json::from_slice(&answer.bytes().await.ok()?).ok()
}

/// The link's own connection, through the network.
fn follow(base: &str, heard: mpsc::UnboundedSender<Heard>) {
    let options = LinkOptions { backoff: Backoff::new(5, 2.0, 50, 0), ..LinkOptions::default() };
    let mut happenings =
        connect(format!("{base}/api/ws").replace("http", "ws").parse().unwrap(), options, None);
    tokio::spawn(async move {
        while let Some(happening) = happenings.recv().await {
            if heard.send(Heard::Link(happening)).is_err() {
                return;
            }
        }
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_messages_resolve_once_each_while_the_network_is_cut_at_random() {
    let seed = fastrand::u64(..);
    eprintln!("seed {seed}");
    let data = tempfile::tempdir().unwrap();
    let hub = crate::start(Config { data: data.path().to_owned(), ..Config::default() }).await.unwrap();
    let network = Network::start(hub.addr()).await;
    let (base, direct) = (format!("http://{}", network.address), format!("http://{}", hub.addr()));
    // Without a pool each request has a connection of its own, which can be cut by itself.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap();
    let first = client.post(format!("{direct}/api/chat/messages")).body(r#"{"content":"/help"}"#);
    let Some(Posted::Queued { conversation_id: Some(conversation), .. }) = json(first).await else {
        panic!()
    };

    let (heard, mut happens) = mpsc::unbounded_channel();
    follow(&base, heard.clone());
    let mut page = Page {
        tasks: PendingTasks::new(schedule),
        began: Instant::now(),
        random: fastrand::Rng::with_seed(seed),
        network,
        base,
        client: client.clone(),
        conversation: conversation.clone(),
        heard,
        connected: false,
        unsent: (0..MESSAGES).map(|number| MessageId::from(format!("m-{number}"))).collect(),
        known: HashMap::new(),
        ends: HashMap::new(),
        questions: 0,
        cuts: 0,
    };
    (0..AT_ONCE).for_each(|_| page.send_next());
    let work = page.wait_for_all(&mut happens);
    timeout(Duration::from_mins(5), work).await.expect("not every reply came");
    eprintln!(
        "{} cuts, {} connections, {} questions, {} replies in {:?}",
        page.cuts,
        page.network.passed.load(Ordering::SeqCst),
        page.questions,
        page.ends.len(),
        page.began.elapsed()
    );
    assert!(page.cuts > 10, "the network was hardly cut");
    assert!(page.ends.values().all(|ends| *ends == 1), "a reply came twice");
    assert_eq!(page.ends.len(), MESSAGES);
    let whole = client.get(format!("{direct}/api/conversations/{conversation}?limit=1"));
    let whole: Value = json(whole).await.unwrap();
    assert_eq!(whole["messageCount"], 2 * (MESSAGES + 1), "each message and each reply is stored once");
    hub.shutdown().await.unwrap();
}
