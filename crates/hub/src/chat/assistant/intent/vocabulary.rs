//! The words that questions are made of, each list in one text with spaces between them.

use crate::chat::assistant::words::Word;

/// Words that say nothing about what is asked.
pub const FILLERS: &str = "a about again all also am an and any are as at be been being can could \
     did do does for from get getting give got had has have having hello hey \
     hi how i in is it its just list lists me my of ok okay on our out please \
     really see show shown so some tell than that the their them then there \
     these they this those to us was we were what whats when where which who \
     whose why will with would you your know want need look check into \
     anything everything something nothing things thing anyone here hub \
     switchboard system if or not no happened happen recently lately recent \
     ever far let right now currently moment still yet quickly today";

/// What the things are called that run.
pub const EXECUTIONS: &str = "execution executions run runs ran job jobs task tasks process processes \
     command commands agent agents work workflow workflows build builds \
     script scripts ones";

/// Of failure.
pub const FAILURE: &str = "fail fails failed failing failure failures error errors errored erroring \
     broke broken break crash crashes crashed crashing wrong problem problems \
     issue issues died red exception exceptions unsuccessful trouble troubles \
     bad";

/// Of one thing that can be the last.
pub const ONE_THING: &str = "failure error crash problem issue exception run execution job";

/// Of long durations.
pub const SLOWNESS: &str = "slow slower slowest slowly long longest longer duration durations \
     slowness runtime runtimes";

/// Of short durations, which the assistant does not list.
pub const QUICKNESS: &str = "fast fastest quick quickest short shortest least";

/// Of what is at work and does not get on, which the data does not say.
pub const STUCK: &str = "stuck hanging hung hangs frozen stalled unresponsive";

/// Of what is at work.
pub const RUNNING: &str = "running active ongoing progress happening going busy live working \
     currently unfinished open underway";

/// Of numbers.
pub const COUNTING: &str = "many count counts counted number numbers total totals overview summary \
     statistics stats much";

/// Of other ends than failure. Their numbers are in a count.
pub const ENDED: &str = "completed complete completes succeeded succeed successful success \
     successes finished finish done cancelled canceled pending ended passed";

/// Of money.
pub const MONEY: &str = "cost costs costing spend spent spending price prices expensive money \
     dollar dollars usd bill expense expenses paid pay cheap";

/// Of a good state: whoever asks whether all is well wants to know what is not.
pub const WELL: &str = "good fine ok okay healthy well green alright up alive online";

/// Of everything.
pub const EVERYTHING: &str = "all everything things we it hub system switchboard";

/// What is said of a thing after its name.
pub const PREDICATES: &str = "doing going running alive up down ok okay fine done finished finish \
     finishes complete completed idle stuck healthy online offline working \
     work works failing failed fail fails still now currently right yet ready \
     stopped stop stops start started starts run runs ran take takes taken \
     taking last been long so not again ever status state slow succeed \
     succeeded successful crash crashed dead end ended progress active busy \
     well good along far moment at the please today broken error errors it go \
     went by i wonder do seen heard";

/// Whether any of the words is in the list.
pub fn has(words: &[Word], list: &str) -> bool {
    words.iter().any(|word| word.is(list))
}

/// The words in lower case with single spaces.
pub fn plain(words: &[Word]) -> String {
    words.iter().map(|word| word.plain.as_str()).collect::<Vec<_>>().join(" ")
}
