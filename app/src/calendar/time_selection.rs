//! Choosing a stretch of time in the week: by dragging, by tapping, or by moving a cursor with the keys.

use std::time::Duration;

use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::{Element, PointerEvent};

use super::element_rect::Area;
use super::week_layout::{Block, Target};

/// Starts and ends snap to so many minutes.
const SNAP: i32 = 15;
/// One press of an arrow key.
const STEP: i32 = 30;
const DAY: i32 = 1440;
/// How far a mouse moves before it drags, and a finger before it scrolls, in CSS pixels.
const STILL: f64 = 6.0;
/// How much of a block is its end, in CSS pixels; for a finger twice as much.
const END: f64 = 8.0;
/// How long a finger rests before it drags.
const LONG_PRESS: Duration = Duration::from_millis(420);

/// A stretch of one day, in minutes since midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selection {
    pub day: usize,
    pub from: u16,
    pub to: u16,
}

/// What of a block a pointer holds.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    Start,
    End,
    Whole,
    /// Only a part of what goes on over midnight is in the column: it stays where it is.
    Nothing,
}

/// A block that a pointer holds.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Grip {
    target: Target,
    from: i32,
    to: i32,
    part: Part,
}

impl Grip {
    /// Where the block is by so many minutes, snapped, within its day.
    fn moved(self, by: i32) -> (i32, i32) {
        let Self { from, to, .. } = self;
        let by = (by + SNAP / 2).div_euclid(SNAP) * SNAP;
        match self.part {
            Part::Start => ((from + by).clamp(0, (to - SNAP).max(0)), to),
            Part::End => (from, (to + by).clamp((from + SNAP).min(DAY), DAY)),
            Part::Whole => {
                let by = by.clamp(-from, DAY - to);
                (from + by, to + by)
            }
            Part::Nothing => (from, to),
        }
    }
}

/// A block that was dragged: by how many minutes its start is another, and its end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dragged {
    pub target: Target,
    pub start: i32,
    pub end: i32,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Gesture {
    Idle,
    Pressed { day: usize, minute: i32, x: f64, y: f64, on_empty: bool },
    Dragging { day: usize, minute: i32 },
}

#[derive(Clone, Copy)]
pub struct Chooser {
    pub selection: RwSignal<Selection>,
    /// Whether the selection is shown even when it does not have the focus.
    pub active: RwSignal<bool>,
    /// Whether what is being chosen are new times of a block.
    pub is_gripped: RwSignal<bool>,
    gesture: StoredValue<Gesture>,
    grip: StoredValue<Option<Grip>>,
    /// A gesture just ended: the click that follows it means nothing.
    spent: StoredValue<bool>,
    timer: StoredValue<Option<TimeoutHandle>>,
    /// Called when a stretch was chosen by dragging.
    chosen: Callback<Selection>,
    /// Called when a block was dragged.
    dragged: Callback<Dragged>,
}

impl Chooser {
    pub fn new(first: Selection, chosen: Callback<Selection>, dragged: Callback<Dragged>) -> Self {
        Self {
            selection: RwSignal::new(first),
            active: RwSignal::new(false),
            is_gripped: RwSignal::new(false),
            gesture: StoredValue::new(Gesture::Idle),
            grip: StoredValue::new(None),
            spent: StoredValue::new(false),
            timer: StoredValue::new(None),
            chosen,
            dragged,
        }
    }

    /// A pointer is put on a block of hours; [`Self::down`] follows.
    pub fn grip(self, event: &PointerEvent, block: &Block) {
        let held = event.current_target().and_then(|target| target.dyn_into::<Element>().ok());
        let area = held.as_ref().map(Area::of).unwrap_or_default();
        let (y, end) = (f64::from(event.client_y()), if event.pointer_type() == "touch" { 2.0 * END } else { END });
        let part = match () {
            () if !block.is_whole => Part::Nothing,
            () if area.height < 3.0 * end => Part::Whole,
            () if y < area.top + end => Part::Start,
            () if y > area.bottom() - end => Part::End,
            () => Part::Whole,
        };
        let grip = Grip { target: block.target, from: block.from.into(), to: block.to.into(), part };
        self.grip.set_value(Some(grip));
    }

    pub fn down(self, event: &PointerEvent, day: usize, column: &Element) {
        if event.target() == event.current_target() {
            self.grip.set_value(None);
        }
        self.is_gripped.set(false);
        if !event.is_primary() || event.button() != 0 {
            return;
        }
        self.spent.set_value(false);
        self.active.set(false);
        let minute = minute_at(event, column);
        let on_empty = event.target() == event.current_target();
        let (x, y) = (f64::from(event.client_x()), f64::from(event.client_y()));
        self.gesture.set_value(Gesture::Pressed { day, minute, x, y, on_empty });
        if event.pointer_type() == "touch" {
            let rested = move || {
                if let Some(Gesture::Pressed { day, minute, .. }) = self.gesture.try_get_value() {
                    self.gesture.set_value(Gesture::Dragging { day, minute });
                    let is_held = self.grip.with_value(Option::is_some);
                    self.stretch(day, minute, if is_held { minute } else { minute + 2 * SNAP });
                }
            };
            self.timer.set_value(set_timeout_with_handle(rested, LONG_PRESS).ok());
        }
    }

    pub fn moved(self, event: &PointerEvent, column: &Element) {
        match self.gesture.get_value() {
            Gesture::Idle => {}
            Gesture::Pressed { day, minute, x, y, .. } => {
                let far = (f64::from(event.client_x()) - x).hypot(f64::from(event.client_y()) - y) > STILL;
                if far && event.pointer_type() == "touch" {
                    // The finger scrolls.
                    self.rest();
                } else if far {
                    let _ = column.set_pointer_capture(event.pointer_id());
                    self.gesture.set_value(Gesture::Dragging { day, minute });
                }
            }
            Gesture::Dragging { day, minute } => self.stretch(day, minute, minute_at(event, column)),
        }
    }

    pub fn up(self, event: &PointerEvent) {
        let gesture = self.gesture.get_value();
        self.rest();
        match gesture {
            Gesture::Dragging { .. } => {
                event.prevent_default();
                self.ignore_click();
                let Selection { from, to, .. } = self.selection.get_untracked();
                match self.grip.get_value() {
                    Some(grip) => self.dragged.run(Dragged {
                        target: grip.target,
                        start: i32::from(from) - grip.from,
                        end: i32::from(to) - grip.to,
                    }),
                    None => self.chosen.run(self.selection.get_untracked()),
                }
            }
            Gesture::Pressed { day, minute, on_empty: true, .. } => {
                let from = (minute / STEP * STEP).min(DAY - 60);
                self.selection.set(Selection { day, from: from as u16, to: (from + 60) as u16 });
                self.active.set(true);
                // A tap's click goes to what is under the finger by then: the selection itself.
                self.ignore_click();
            }
            _ => {}
        }
    }

    pub fn cancelled(self) {
        if self.is_dragging() {
            self.active.set(false);
        }
        self.rest();
    }

    pub fn is_dragging(self) -> bool {
        matches!(self.gesture.get_value(), Gesture::Dragging { .. })
    }

    /// The click of this release comes at once, if at all; one by a key later is meant.
    fn ignore_click(self) {
        self.spent.set_value(true);
        set_timeout(
            move || {
                self.spent.try_set_value(false);
            },
            Duration::from_millis(60),
        );
    }

    /// Whether the click at hand is only the end of a gesture.
    pub fn is_spent(self) -> bool {
        self.spent.try_update_value(std::mem::take).unwrap_or(false)
    }

    fn rest(self) {
        self.gesture.set_value(Gesture::Idle);
        if let Some(timer) = self.timer.try_update_value(Option::take).flatten() {
            timer.clear();
        }
    }

    fn stretch(self, day: usize, anchor: i32, at: i32) {
        let grip = self.grip.get_value();
        let (from, to) = grip.map_or_else(
            || dragged(anchor, at),
            |grip| {
                let (from, to) = grip.moved(at - anchor);
                (from as u16, to as u16)
            },
        );
        self.is_gripped.set(grip.is_some());
        self.selection.set(Selection { day, from, to });
        self.active.set(true);
    }

    /// Moves the selection by an arrow key, or with Shift its end. Whether the key meant anything.
    pub fn key(self, key: &str, shift: bool) -> bool {
        let moved = after_key(self.selection.get_untracked(), key, shift);
        if let Some(moved) = moved {
            self.is_gripped.set(false);
            self.selection.set(moved);
        }
        moved.is_some()
    }
}

/// From the press to where the pointer is, whichever way, snapped outwards.
fn dragged(anchor: i32, at: i32) -> (u16, u16) {
    let down = |minute: i32| minute.div_euclid(SNAP) * SNAP;
    let (first, last) = (down(anchor.min(at)), down(anchor.max(at)) + SNAP);
    (first.clamp(0, DAY - SNAP) as u16, last.clamp(SNAP, DAY) as u16)
}

fn after_key(at: Selection, key: &str, shift: bool) -> Option<Selection> {
    let (from, to) = (i32::from(at.from), i32::from(at.to));
    let shifted = |by: i32| {
        let by = by.clamp(-from, DAY - to);
        Selection { from: (from + by) as u16, to: (to + by) as u16, ..at }
    };
    Some(match (key, shift) {
        ("ArrowDown", true) => Selection { to: (to + STEP).min(DAY) as u16, ..at },
        ("ArrowUp", true) => Selection { to: (to - STEP).max(from + STEP).min(DAY) as u16, ..at },
        ("ArrowDown", false) => shifted(STEP),
        ("ArrowUp", false) => shifted(-STEP),
        ("Home", _) => shifted(-DAY),
        ("End", _) => shifted(DAY),
        ("ArrowLeft", _) => Selection { day: at.day.saturating_sub(1), ..at },
        ("ArrowRight", _) => Selection { day: (at.day + 1).min(6), ..at },
        _ => return None,
    })
}

fn minute_at(event: &PointerEvent, column: &Element) -> i32 {
    let area = Area::of(column);
    let part = (f64::from(event.client_y()) - area.top) / area.height.max(1.0);
    ((part * f64::from(DAY)) as i32).clamp(0, DAY - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dragging_up_and_down_choose_the_same_stretch() {
        assert_eq!(dragged(547, 719), (540, 720));
        assert_eq!(dragged(719, 547), (540, 720));
        assert_eq!(dragged(1439, 1500), (1425, 1440));
        assert_eq!(dragged(3, -40), (0, 15));
    }

    #[test]
    fn a_block_is_moved_or_made_longer_within_its_day() {
        let held = |part| Grip { target: Target::Hours(0), from: 540, to: 720, part };
        assert_eq!(held(Part::Whole).moved(59), (600, 780));
        assert_eq!(held(Part::Whole).moved(-900), (0, 180));
        assert_eq!(held(Part::Whole).moved(7), (540, 720));
        assert_eq!(held(Part::Start).moved(-60), (480, 720));
        assert_eq!(held(Part::Start).moved(600), (705, 720));
        assert_eq!(held(Part::End).moved(60), (540, 780));
        assert_eq!(held(Part::End).moved(2000), (540, 1440));
        assert_eq!(held(Part::Nothing).moved(60), (540, 720));
    }

    #[test]
    fn keys_keep_the_selection_within_the_week() {
        let first = Selection { day: 0, from: 0, to: 30 };
        assert_eq!(after_key(first, "ArrowUp", false), Some(first));
        assert_eq!(after_key(first, "ArrowLeft", false), Some(first));
        assert_eq!(after_key(first, "End", false), Some(Selection { day: 0, from: 1410, to: 1440 }));
        assert_eq!(after_key(first, "ArrowDown", true), Some(Selection { day: 0, from: 0, to: 60 }));
        assert_eq!(after_key(first, "ArrowUp", true), Some(first));
        assert_eq!(after_key(first, "Tab", false), None);
    }
}
