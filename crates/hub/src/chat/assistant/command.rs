//! What the assistant can be asked for.

/// What the assistant can be asked for, in a question or by a command that begins with `/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Which executions failed, and why.
    Failed,
    /// Which took longest.
    Slow,
    /// Which run.
    Running,
    /// Which wrote a text.
    Find,
    /// What answers have cost.
    Cost,
    /// How a thing is.
    Status,
    /// How many executions there were.
    Count,
    /// What can be asked.
    Help,
}

impl Command {
    /// Every command, in the order in which the help shows them.
    pub const ALL: [Self; 8] = [
        Self::Failed,
        Self::Running,
        Self::Slow,
        Self::Count,
        Self::Status,
        Self::Find,
        Self::Cost,
        Self::Help,
    ];

    /// The command's name, without the `/`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Slow => "slow",
            Self::Running => "running",
            Self::Find => "find",
            Self::Cost => "cost",
            Self::Status => "status",
            Self::Count => "count",
            Self::Help => "help",
        }
    }

    /// How it is written, with what may follow.
    pub fn usage(self) -> &'static str {
        match self {
            Self::Failed => "/failed [range]",
            Self::Slow => "/slow [range]",
            Self::Running => "/running",
            Self::Find => "/find TEXT",
            Self::Cost => "/cost [range]",
            Self::Status => "/status NAME",
            Self::Count => "/count [range]",
            Self::Help => "/help",
        }
    }

    /// What it answers, as the continuation of a sentence.
    pub fn answers(self) -> &'static str {
        match self {
            Self::Failed => "which executions failed, and why",
            Self::Slow => "which executions took longest",
            Self::Running => "what is running now",
            Self::Find => "where outputs, logs and errors say something",
            Self::Cost => "what the chat's answers have cost",
            Self::Status => "how an agent, a scrape run or an execution is",
            Self::Count => "how many executions there were, by status",
            Self::Help => "what can be asked",
        }
    }

    /// The same as a question.
    pub fn example(self) -> &'static str {
        match self {
            Self::Failed => "What failed today?",
            Self::Slow => "What were the slowest executions this week?",
            Self::Running => "What is running?",
            Self::Find => "Where does it say \"connection refused\"?",
            Self::Cost => "What did answers cost in the last 7 days?",
            Self::Status => "How is agent crawler-7?",
            Self::Count => "How many executions ran yesterday?",
            Self::Help => "What can you do?",
        }
    }

    /// The command of that name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|command| command.name().eq_ignore_ascii_case(name))
    }

    /// The command that was probably meant by a name that is none.
    pub fn nearest(name: &str) -> Option<Self> {
        const OTHER_NAMES: [(&str, Command); 20] = [
            ("errors", Command::Failed),
            ("failures", Command::Failed),
            ("fails", Command::Failed),
            ("problems", Command::Failed),
            ("slowest", Command::Slow),
            ("longest", Command::Slow),
            ("duration", Command::Slow),
            ("active", Command::Running),
            ("current", Command::Running),
            ("search", Command::Find),
            ("grep", Command::Find),
            ("price", Command::Cost),
            ("spend", Command::Cost),
            ("agent", Command::Status),
            ("scrape", Command::Status),
            ("execution", Command::Status),
            ("show", Command::Status),
            ("stats", Command::Count),
            ("total", Command::Count),
            ("commands", Command::Help),
        ];
        // A name is cut before it is compared: the comparison takes the product of both lengths.
        let name: String = name.chars().take(32).collect::<String>().to_lowercase();
        let mut begun = Self::ALL.into_iter().filter(|command| command.name().starts_with(&name));
        if let (Some(command), None) = (begun.next(), begun.next()) {
            return Some(command);
        }
        let names = Self::ALL.map(|command| (command.name(), command));
        let (distance, command) = names
            .into_iter()
            .chain(OTHER_NAMES)
            .map(|(known, command)| (strsim::damerau_levenshtein(&name, known), command))
            .min_by_key(|(distance, _)| *distance)?;
        // As many wrong letters as half of the word are no slip of the finger.
        (distance * 2 < name.chars().count().max(3)).then_some(command)
    }
}
