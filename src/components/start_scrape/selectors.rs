//! What to take out of pages: an item selector, and a row for each field.

use leptos::{html, prelude::*};

use super::{
    draft::{FieldRow, Form},
    fields::{TextField, is_at},
    problem::{Place, Problem, ProblemAt},
};
use crate::components::{Glyph, Icon, pass_focus};

#[component]
pub(super) fn Selectors(form: Form, problem: RwSignal<Option<Problem>>) -> impl IntoView {
    let has_fields = Memo::new(move |_| form.fields.with(|fields| !fields.is_empty()));
    let add = NodeRef::<html::Button>::new();
    view! {
        <fieldset class="form-group">
            <legend>"Items"</legend>
            <p class="form-hint">
                "CSS selectors that say what to take out of each page. Without them only the pages themselves are kept."
            </p>
            <TextField
                label="Item selector"
                value=form.item
                placeholder="Empty: the page is one item"
                problem
                place=Place::Item
                code=true
            />
            <Show when=move || has_fields.get()>
                <ul class="form-rows">
                    <For each=move || form.fields.get() key=|row| row.key let:row>
                        <Row form row add problem />
                    </For>
                </ul>
            </Show>
            <button type="button" class="button is-small" node_ref=add on:click=move |_| form.add_field()>
                <Icon glyph=Glyph::Plus />
                "Add a field"
            </button>
        </fieldset>
    }
}

#[component]
fn Row(
    form: Form,
    row: FieldRow,
    add: NodeRef<html::Button>,
    problem: RwSignal<Option<Problem>>,
) -> impl IntoView {
    let place = Place::Field(row.key);
    let key = row.key;
    let many = RwSignal::from(row.many);
    let number = Memo::new(move |_| {
        form.fields
            .with(|fields| fields.iter().position(|field| field.key == key))
            .map_or(0, |place| place + 1)
    });
    let part = move |label: &'static str, placeholder: &'static str, value: ArcRwSignal<String>| {
        let value = RwSignal::from(value);
        view! {
            <input
                class="field mono"
                aria-label=move || format!("Field {} {label}", number.get())
                placeholder=placeholder
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                aria-invalid=move || is_at(problem, place)
                prop:value=value
                on:input=move |event| value.set(event_target_value(&event))
            />
        }
    };
    view! {
        <li class="form-row">
            {part("name", "Name", row.name)}
            {part("selector", "Selector", row.selector)}
            {part("attribute", "Attribute, else text", row.attribute)}
            <label class="form-check">
                <input
                    type="checkbox"
                    prop:checked=many
                    on:change=move |event| many.set(event_target_checked(&event))
                />
                "Many"
            </label>
            <button
                type="button"
                class="button is-plain is-square"
                aria-label=move || format!("Remove field {}", number.get())
                title="Remove this field"
                on:click=move |event| {
                    pass_focus(&event, add.get_untracked().map(Into::into));
                    form.remove_field(key);
                }
            >
                <Icon glyph=Glyph::Remove />
            </button>
            <ProblemAt place problem />
        </li>
    }
}
