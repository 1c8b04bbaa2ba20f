//! What this process has taken so far, as Linux counts it.

#![allow(dead_code, reason = "each bench asks for what it needs")]

/// What all threads of this process have worked, in user and kernel.
pub fn cpu_seconds() -> f64 {
    const TICKS_A_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name before may hold blanks; the two times are the twelfth and thirteenth behind it.
    let behind = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks = behind.skip(11).take(2).filter_map(|text| text.parse::<f64>().ok());
    ticks.sum::<f64>() / TICKS_A_SECOND
}

/// What the threads that live now have worked, to the nanosecond: for what takes less than a tick.
pub fn worked_seconds() -> f64 {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let worked = threads.filter_map(|thread| {
        let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<f64>().ok()
    });
    worked.sum::<f64>() / 1e9
}

/// Lets the most memory begin anew at what is held now.
pub fn forget_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// Most memory that this process has held.
pub fn peak_kib() -> u64 {
    status_kib("VmHWM")
}

/// A line of kB in the status of this process; 0 if there is none.
pub fn status_kib(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
