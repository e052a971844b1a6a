//! Our icons: strokes on a grid of 16, drawn for this product.

use leptos::prelude::*;

/// What an icon shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Glyph {
    /// A ring that is not closed: known, not started.
    Pending,
    /// Three quarters of a ring: at work.
    Running,
    /// A ring with a check mark.
    Completed,
    /// An octagon with a cross.
    Failed,
    /// A ring with a bar.
    Cancelled,
    /// A filled disc.
    Dot,
    /// A disc of which half is filled.
    HalfDot,
    /// A triangle with an exclamation mark.
    Warning,
    /// Waves around a point.
    Live,
    /// Two sheets.
    Copy,
    /// A check mark.
    Check,
    /// A magnifying glass.
    Search,
    /// An arrow to the left.
    Back,
    /// An arrow head downwards.
    Down,
    /// An arrow head upwards.
    Up,
    /// An arrow down onto a line.
    Follow,
    /// Two bars.
    Pause,
    /// A line that turns around.
    Wrap,
    /// An arrow around a circle.
    Retry,
    /// Half a disc in a ring: light and dark.
    Theme,
    /// A building.
    Organization,
    /// A wrench.
    Tool,
    /// A flag.
    Flag,
    /// A cross.
    Close,
    /// A prompt in a window.
    Terminal,
    /// A compass without a needle: nothing there.
    Lost,
    /// A speech bubble.
    Chat,
    /// A cross of two bars.
    Plus,
    /// An arrow upwards.
    Send,
    /// A square.
    Stop,
    /// A sheet with a folded corner.
    File,
    /// A ball with its meridians.
    Globe,
    /// A bin.
    Remove,
    /// An arrow that leaves a tray.
    Export,
}

impl Glyph {
    /// The strokes, as the `d` of an SVG path.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Pending => "M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11Z",
            Self::Running => "M8 2.5A5.5 5.5 0 1 1 2.5 8",
            Self::Completed => "M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11ZM5.6 8.2l1.7 1.7 3.2-3.6",
            Self::Failed => {
                "M5.8 2.6h4.4l3.2 3.2v4.4l-3.2 3.2H5.8l-3.2-3.2V5.8ZM6.3 6.3l3.4 3.4M9.7 6.3 6.3 9.7"
            }
            Self::Cancelled => "M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11ZM5.6 8h4.8",
            Self::Dot => {
                "M8 4.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7ZM8 6.5a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3Z"
            }
            Self::HalfDot => "M8 3a5 5 0 1 1 0 10A5 5 0 0 1 8 3ZM8 3v10M10 4v8M11.5 5.5v5",
            Self::Warning => "M8 2.6 14.2 13H1.8ZM8 6.4v3M8 11.2v.1",
            Self::Live => {
                "M8 7.4v1.2M5.3 5.3a3.8 3.8 0 0 0 0 5.4M10.7 5.3a3.8 3.8 0 0 1 0 5.4M3.4 3.4a6.5 6.5 0 0 0 0 9.2M12.6 3.4a6.5 6.5 0 0 1 0 9.2"
            }
            Self::Copy => "M5.5 5.5h7v8h-7ZM10.5 5.5v-3h-7v8h2",
            Self::Check => "M3.5 8.5l3 3 6-7",
            Self::Search => "M7 2.8a4.2 4.2 0 1 1 0 8.4 4.2 4.2 0 0 1 0-8.4ZM10.1 10.1l3.4 3.4",
            Self::Back => "M9.5 3.5 5 8l4.5 4.5",
            Self::Down => "M4.5 6.3 8 9.8l3.5-3.5",
            Self::Up => "M4.5 9.8 8 6.3l3.5 3.5",
            Self::Follow => "M8 2.5v7.5M4.8 7 8 10.2 11.2 7M3.5 13.3h9",
            Self::Pause => "M5.5 3.5v9M10.5 3.5v9",
            Self::Wrap => "M2.5 4h11M2.5 8h8.2a2 2 0 0 1 0 4H7.8M9.5 10.2 7.7 12l1.8 1.8M2.5 12H5",
            Self::Retry => "M13 8a5 5 0 1 1-1.5-3.5L13 6M13 2.8V6H9.8",
            Self::Theme => "M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11ZM8 2.5v11M10 3v10M12 4.4v7.2",
            Self::Organization => "M3 13.5v-11h6.5v11M9.5 6.5H13v7M2 13.5h12M5.2 5.3h2M5.2 8h2M5.2 10.7h2",
            Self::Tool => {
                "M9.9 2.8a3.3 3.3 0 0 0-4 4.3L2.6 10.4a1.4 1.4 0 0 0 0 2l1 1a1.4 1.4 0 0 0 2 0l3.3-3.3a3.3 3.3 0 0 0 4.3-4L11.2 8 8.6 7.4 8 4.8Z"
            }
            Self::Flag => "M4 14V2.8h8l-1.8 3L12 8.8H4",
            Self::Close => "M4 4l8 8M12 4l-8 8",
            Self::Terminal => "M2 3h12v10H2ZM4.5 6l2 2-2 2M8.5 10.2h3",
            Self::Lost => "M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11ZM8 5v3.4M8 10.9v.1",
            Self::Chat => {
                "M3 3h10a1 1 0 0 1 1 1v6.5a1 1 0 0 1-1 1H7.5L4.5 14v-2.5H3a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1Z"
            }
            Self::Plus => "M8 3.2v9.6M3.2 8h9.6",
            Self::Send => "M8 13V3.4M3.8 7.4 8 3.2l4.2 4.2",
            Self::Stop => "M4.8 4.8h6.4v6.4H4.8Z",
            Self::File => "M4 2.2h5.2L12.4 5.4v8.4H4ZM9 2.4v3.2h3.2",
            Self::Globe => {
                "M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11ZM2.5 8h11M8 2.5c3.4 3.2 3.4 7.8 0 11M8 2.5c-3.4 3.2-3.4 7.8 0 11"
            }
            Self::Remove => "M3 4.5h10M6.3 4.5v-2h3.4v2M4.5 4.5l.6 9h5.8l.6-9",
            Self::Export => "M8 10V2.6M5 5.4l3-3 3 3M3 9.5v3.8h10V9.5",
        }
    }
}

/// An icon. It says nothing that a word beside it doesn't, so screen readers pass it over.
#[component]
pub fn Icon(
    /// What it shows.
    #[prop(into)]
    glyph: Signal<Glyph>,
) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
            <path d=move || glyph.get().path() />
        </svg>
    }
}
