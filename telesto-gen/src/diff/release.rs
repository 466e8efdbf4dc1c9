//! What follows from changes: the next version, and the entry of the changelog.

use std::fmt;
use std::fmt::Write as _;

use serde::Serialize;

use super::text::few;
use super::{Change, Diff, Verdict};

/// The part of a version that has to be raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Bump {
    /// The last part.
    Patch,
    /// The part in the middle.
    Minor,
    /// The first part.
    Major,
}

impl Bump {
    /// What follows from a verdict, before version 1.0 or after it.
    #[must_use]
    pub fn of(verdict: Verdict, before_one: bool) -> Self {
        match (verdict, before_one) {
            (Verdict::Breaking, false) => Self::Major,
            (Verdict::Breaking, true) | (Verdict::Additive, false) => Self::Minor,
            (Verdict::Additive, true) | (Verdict::Docs, _) => Self::Patch,
        }
    }
}

impl fmt::Display for Bump {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        })
    }
}

/// The release that follows from changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Release {
    /// What has to be raised.
    pub bump: Bump,
    /// The version now.
    pub from: String,
    /// The version that follows.
    pub to: String,
}

impl Release {
    /// The release after `version`, such as `0.1.0`, whose worst change is this one;
    /// `None` if that is no version.
    #[must_use]
    pub fn after(version: &str, worst: Verdict) -> Option<Self> {
        let parts = version.split('.').map(|part| part.parse().ok());
        let parts: Vec<u64> = parts.collect::<Option<_>>()?;
        let [major, minor, patch] = parts[..] else {
            return None;
        };
        let bump = Bump::of(worst, major == 0);
        let to = match bump {
            Bump::Major => [major + 1, 0, 0],
            Bump::Minor => [major, minor + 1, 0],
            Bump::Patch => [major, minor, patch + 1],
        };
        Some(Self {
            bump,
            from: version.to_owned(),
            to: to.map(|part| part.to_string()).join("."),
        })
    }
}

impl fmt::Display for Release {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "a {} release, {} -> {}",
            self.bump, self.from, self.to
        )
    }
}

/// The sections of a changelog, in the order of Keep a Changelog.
const SECTIONS: [&str; 4] = ["Added", "Changed", "Deprecated", "Removed"];

impl Diff {
    /// What the changelog of the client may say about the changes, in the form of
    /// [Keep a Changelog](https://keepachangelog.com). Empty if only documentation
    /// has changed.
    #[must_use]
    pub fn changelog(&self) -> String {
        let mut out = String::new();
        for section in SECTIONS {
            let is_in =
                |change: &&Change| change.verdict > Verdict::Docs && change.section() == section;
            let entries: Vec<String> = self
                .changes
                .iter()
                .filter(is_in)
                .map(Change::entry)
                .collect();
            if entries.is_empty() {
                continue;
            }
            let gap = if out.is_empty() { "" } else { "\n" };
            let _ = writeln!(out, "{gap}### {section}\n");
            for entry in entries {
                let _ = writeln!(out, "- {entry}");
            }
        }
        out
    }
}

impl Change {
    /// The section of a changelog that it belongs to.
    fn section(&self) -> &'static str {
        match self.finding.rule {
            "deprecated" => "Deprecated",
            rule if rule.ends_with("-added") => "Added",
            rule if rule.ends_with("-removed") => "Removed",
            _ => "Changed",
        }
    }

    /// What a changelog says of it.
    fn entry(&self) -> String {
        let breaking = match self.verdict {
            Verdict::Breaking => "**Breaking:** ",
            _ => "",
        };
        let mut entry = format!("{breaking}{}.", capitalized(&self.finding.message));
        let effects = few(self.effects.iter().map(|effect| effect.message.clone()));
        if !effects.is_empty() {
            let _ = write!(entry, " {}.", capitalized(&effects.join("; ")));
        }
        // One line, whatever the names are.
        entry.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + chars.as_str()
}
