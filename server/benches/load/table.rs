//! The table of figures, and the medians in it.

/// One line of the table.
pub struct Row {
    pub what: String,
    pub measured: String,
    pub compared_with: String,
    pub ratio: Option<f64>,
    pub target: &'static str,
    pub reached: bool,
}

pub fn print(rows: &[Row]) {
    let head = ["what", "measured", "compared with", "ratio", "target", ""].map(str::to_owned);
    let mut lines = vec![head];
    lines.extend(rows.iter().map(|row| {
        [
            row.what.clone(),
            row.measured.clone(),
            row.compared_with.clone(),
            row.ratio.map_or_else(|| "–".into(), |ratio| format!("{ratio:.2}")),
            row.target.into(),
            if row.reached { "ok" } else { "MISSED" }.into(),
        ]
    }));
    let widths: [usize; 6] =
        std::array::from_fn(|column| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0));
    println!();
    for line in &lines {
        let cells: Vec<String> = line.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        println!("| {} |", cells.join(" | "));
    }
    println!();
}

/// The middle value; of two, the lower.
pub fn median(values: &[f64]) -> f64 {
    percentile(values, 50.0)
}

/// By nearest rank; 0 of nothing.
pub fn percentile(values: &[f64], percent: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (percent / 100.0 * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

/// `0.81 to 0.87`: how the rounds of a noisy machine differ.
pub fn spread(ours: &[f64], theirs: &[f64]) -> String {
    let ratios: Vec<f64> = ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect();
    format!("{:.2} to {:.2}", percentile(&ratios, 0.0), percentile(&ratios, 100.0))
}
