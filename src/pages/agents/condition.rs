//! How an agent is, as a word, a shape and a colour.

use leptos::prelude::*;
use switchboard_model::AgentCondition;

use crate::components::{Glyph, Icon};

#[component]
pub(super) fn Condition(#[prop(into)] condition: Signal<AgentCondition>) -> impl IntoView {
    view! {
        <span class="status" data-status=move || condition.get().as_str()>
            <Icon glyph=Signal::derive(move || glyph(condition.get())) />
            {move || condition.get().as_str()}
        </span>
    }
}

const fn glyph(condition: AgentCondition) -> Glyph {
    match condition {
        AgentCondition::Running => Glyph::Running,
        AgentCondition::Idle => Glyph::Pause,
        AgentCondition::Stopped => Glyph::Stop,
        AgentCondition::Error => Glyph::Failed,
        AgentCondition::Stale => Glyph::Warning,
    }
}
