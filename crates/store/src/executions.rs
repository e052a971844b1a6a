//! The executions that the log tells of.

use switchboard_protocol::{
    ExecutionId, ExecutionStatus, OrganizationId,
    rest::{ExecutionList, ExecutionSnapshot},
};

use crate::Answer;

/// The most executions that one page of a list holds, whatever the query asks for.
pub const MAX_PAGE: usize = 200;

/// The executions that the log tells of.
pub trait Executions: Send + Sync + 'static {
    /// A page of executions, the newest first: in the order in which their first events were stored, which
    /// nothing changes later. `seq` is the head that the page is as of.
    fn executions(&self, organization: OrganizationId, query: ExecutionQuery) -> Answer<'_, ExecutionList>;

    /// One execution with its latest `limit` events, as of one moment; `None` where there is none.
    fn execution(
        &self,
        organization: OrganizationId,
        execution: ExecutionId,
        limit: usize,
    ) -> Answer<'_, Option<ExecutionSnapshot>>;

    /// Every organization that has a log, in order of name.
    fn organizations(&self) -> Answer<'_, Vec<OrganizationId>>;
}

/// Which executions a list shows.
#[derive(Debug, Clone, Default)]
pub struct ExecutionQuery {
    /// Only those with this status.
    pub status: Option<ExecutionStatus>,
    /// Only those whose title, agent, department or identifier holds this text, in any case. Blank is no
    /// condition.
    pub text: Option<String>,
    /// At most this many; the implementation holds it inside 1 to [`MAX_PAGE`].
    pub limit: usize,
    /// Only those after this place in the order, as an earlier page's `next_before` gave it. After a place
    /// that no page gave there is nothing.
    pub before: Option<String>,
}
