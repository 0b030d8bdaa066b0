// Dates and times as the pages write them, made by Intl: an oracle that shares nothing with the product.

const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  'January', 'February', 'March', 'April', 'May', 'June',
  'July', 'August', 'September', 'October', 'November', 'December',
];

/** `YYYY-MM-DD` that a clock in the zone shows at an instant. */
export function dateIn(zone: string, instant: string | Date): string {
  const { year, month, day } = parts(zone, instant);
  return `${year}-${month}-${day}`;
}

/** `HH:MM` that a clock in the zone shows at an instant. */
export function timeIn(zone: string, instant: string | Date): string {
  const { hour, minute } = parts(zone, instant);
  return `${hour}:${minute}`;
}

/** The date so many days after today's in the zone. */
export function inDays(days: number, zone: string): string {
  return addDays(dateIn(zone, new Date()), days);
}

export function addDays(date: string, days: number): string {
  const moved = new Date(`${date}T00:00:00Z`);
  moved.setUTCDate(moved.getUTCDate() + days);
  return moved.toISOString().slice(0, 10);
}

/** `Monday 23 November`. */
export function dateLabel(date: string): string {
  const at = new Date(`${date}T00:00:00Z`);
  return `${WEEKDAYS[at.getUTCDay()]} ${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]}`;
}

/** `Monday 23 November 2026`. */
export function fullDateLabel(date: string): string {
  return `${dateLabel(date)} ${date.slice(0, 4)}`;
}

/** `November 2026`. */
export function monthLabel(date: string): string {
  return `${MONTHS[Number(date.slice(5, 7)) - 1]} ${date.slice(0, 4)}`;
}

function parts(zone: string, instant: string | Date): Record<string, string> {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone, hourCycle: 'h23',
    year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit',
  });
  return Object.fromEntries(format.formatToParts(new Date(instant)).map(({ type, value }) => [type, value]));
}
