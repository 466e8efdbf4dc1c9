//! Writes changes of nodes into their text, so that everything else stays as it is written.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::Value;

use super::edit::{Edits, Spot};
use super::node::{self, Data, Entry, Node};

impl Edits {
    /// The text with these changes, and everything else as it is written, and its nodes.
    /// `root` is that of the text. `None` if it would be read as something else, as it may
    /// with aliases.
    pub(super) fn written(&self, text: &str, root: &Node) -> Option<(String, Node)> {
        let mut cuts = Cuts {
            text,
            edits: self,
            found: Vec::new(),
        };
        if !cuts.find(root, 0) {
            return None;
        }
        let mut found = cuts.found;
        found.sort_by_key(|change| (change.range.start, change.range.end));
        found.dedup();
        let mut result = String::with_capacity(text.len());
        let mut copied = 0;
        for change in found {
            result.push_str(text.get(copied..change.range.start)?);
            result.push_str(&change.by);
            copied = change.range.end;
        }
        result.push_str(text.get(copied..)?);
        let read = node::load(&result).ok()?;
        (read == self.made(root)?).then_some((result, read))
    }
}

/// A value on one line.
fn line(node: &Node) -> String {
    let join = |parts: Vec<String>| parts.join(", ");
    match &node.data {
        Data::Text(text) => scalar(text),
        Data::List(items) => format!("[{}]", join(items.iter().map(line).collect())),
        Data::Map(entries) if entries.is_empty() => "{}".to_owned(),
        Data::Map(entries) => format!("{{ {} }}", join(entries.iter().map(line_of).collect())),
        Data::Null | Data::Flag(_) | Data::Integer(_) | Data::Number(_) => {
            node.to_json().to_string()
        }
    }
}

fn line_of(entry: &Entry) -> String {
    format!("{}: {}", scalar(&entry.key), line(&entry.value))
}

/// A text, in quotes unless it is a word that is read as text.
fn scalar(text: &str) -> String {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.bytes().all(is_word);
    match is_plain && node::is_text(text) {
        true => text.to_owned(),
        false => Value::from(text).to_string(),
    }
}

#[derive(PartialEq)]
struct Change {
    range: Range<usize>,
    by: Cow<'static, str>,
}

/// A child of a list or a mapping, in the text.
struct Child<'n> {
    /// Where it starts: of an item of a block, at its dash.
    start: usize,
    /// Where its value may start, behind the dash or the key.
    from: usize,
    end: usize,
    spot: Spot,
    value: &'n Node,
}

/// Finds what changes in a text.
struct Cuts<'t> {
    text: &'t str,
    edits: &'t Edits,
    found: Vec<Change>,
}

impl Cuts<'_> {
    /// Finds what changes in a node; `false` if it is a list of which nothing is left. Its
    /// text starts at `from`, or behind spaces and comments.
    fn find(&mut self, node: &Node, from: usize) -> bool {
        let before = self.found.len();
        let children = self.children(node, from);
        let stays: Vec<bool> = children
            .iter()
            .map(|child| match self.edits.new.get(&child.spot) {
                _ if self.edits.gone.contains(&child.spot) => false,
                Some(value) => match self.edits.made(value) {
                    Some(value) => {
                        self.replace(child, &value);
                        true
                    }
                    None => false,
                },
                None => self.find(child.value, child.from),
            })
            .collect();
        if stays.is_empty() || stays.contains(&true) {
            for (entry, child) in node.entries().iter().zip(&children) {
                if let Some(key) = self.edits.keys.get(&child.spot)
                    && !self.edits.gone.contains(&child.spot)
                {
                    self.change(entry.key_span.clone(), scalar(key));
                }
            }
            let is_flow = self.is_flow(from);
            self.cut(is_flow, &children, &stays);
            self.add(is_flow, &children, &stays);
            return true;
        }
        self.found.truncate(before);
        if let Data::List(_) = node.data {
            return false;
        }
        // What comes before what goes is all that there is.
        let range = self.skip(from)..self.end(node, from);
        let left = self.edits.made(node).as_ref().map(line);
        self.change(range, left.unwrap_or_default());
        true
    }

    fn change(&mut self, range: Range<usize>, by: impl Into<Cow<'static, str>>) {
        let by = by.into();
        self.found.push(Change { range, by });
    }

    /// Another value for an entry, beside its key.
    fn replace(&mut self, child: &Child<'_>, value: &Node) {
        let value = line(value);
        let start = self.skip(child.from).min(child.end);
        if self.text[child.from..start].contains('\n') {
            // What is behind the key stays there, and behind the old value as well.
            let end = child.end - usize::from(self.text[..child.end].ends_with('\n'));
            self.change(child.from..child.from, format!(" {value}"));
            self.change(self.line_end(child.from) - 1..end, "");
        } else if start == child.from {
            self.change(start..child.end, format!(" {value}"));
        } else {
            self.change(start..child.end, value);
        }
    }

    /// Writes what comes before a child, in the same layout.
    fn add(&mut self, is_flow: bool, children: &[Child<'_>], stays: &[bool]) {
        let mut before: Option<usize> = None;
        // What comes before a child that goes comes before the next one that stays.
        let mut added = Vec::new();
        let first = stays.iter().position(|stays| *stays);
        for (index, (child, stays)) in children.iter().zip(stays).enumerate() {
            // The first one may share its line with a dash, and with those that go.
            let mut place = child;
            if Some(index) == first {
                (place, before) = (&children[0], None);
            }
            for entry in self.edits.added.get(&child.spot).into_iter().flatten() {
                self.edits.keep(entry, &mut added);
            }
            if !stays {
                before = Some(child.end);
                continue;
            }
            for entry in added.drain(..) {
                let entry = line_of(&entry);
                let start = self.line_start(place.start);
                let indent = &self.text[start..place.start];
                let (at, by) = match self.is_first_on_line(place.start) {
                    true if is_flow => (place.start, format!("{entry},\n{indent}")),
                    // What is above the child stays with it.
                    true => {
                        let at = before.map_or_else(|| self.above(start), |end| self.line_end(end));
                        (at, format!("{indent}{entry}\n"))
                    }
                    false if is_flow => (place.start, format!("{entry}, ")),
                    false => {
                        let indent = " ".repeat(indent.chars().count());
                        (place.start, format!("{entry}\n{indent}"))
                    }
                };
                self.change(at..at, by);
            }
            before = Some(child.end);
        }
        let Some(last) = stays.iter().rposition(|stays| *stays) else {
            return;
        };
        for entry in added {
            let entry = line_of(&entry);
            let end = children[last].end;
            let (at, by) = match children.get(last + 1) {
                Some(next) if !is_flow => {
                    let start = self.line_start(next.start);
                    (start, format!("{}{entry}\n", &self.text[start..next.start]))
                }
                _ => (end, format!(", {entry}")),
            };
            self.change(at..at, by);
        }
    }

    /// Where the comments start that are above a line.
    fn above(&self, line: usize) -> usize {
        let mut at = line;
        while at > 0 {
            let before = self.line_start(at - 1);
            if !self.text[before..at].trim_start().starts_with('#') {
                break;
            }
            at = before;
        }
        at
    }

    fn children<'n>(&self, node: &'n Node, from: usize) -> Vec<Child<'n>> {
        let is_flow = self.is_flow(from);
        let mut at = from;
        let items = node.items().iter().map(|item| {
            let (start, from) = match is_flow {
                true => (item.span.start, item.span.start),
                false => (self.skip(at), self.behind(self.skip(at))),
            };
            at = self.end(item, from).max(from);
            Child {
                start,
                from,
                end: at,
                spot: Spot::of_item(item),
                value: item,
            }
        });
        let mut children: Vec<Child<'_>> = items.collect();
        children.extend(node.entries().iter().map(|entry| {
            let from = self.behind_colon(entry);
            Child {
                start: entry.key_span.start,
                from,
                end: self.end(&entry.value, from).max(from),
                spot: Spot::of_entry(entry),
                value: &entry.value,
            }
        }));
        children
    }

    /// Where spaces and comments end.
    fn skip(&self, from: usize) -> usize {
        let mut at = from;
        loop {
            let rest = self.text.get(at..).unwrap_or_default().trim_start();
            let begins = self.text.len() - rest.len();
            // Only then: all of a document may be one line.
            if !rest.starts_with('#') {
                return begins;
            }
            match rest.find('\n') {
                Some(newline) => at = begins + newline,
                None => return begins,
            }
        }
    }

    /// Where the next character is.
    fn behind(&self, at: usize) -> usize {
        at + self.text[at..].chars().next().map_or(0, char::len_utf8)
    }

    /// Takes out the children that do not stay. Some do.
    fn cut(&mut self, is_flow: bool, children: &[Child<'_>], stays: &[bool]) {
        let staying = |range: Range<usize>| range.filter(|index| stays[*index]);
        for (index, child) in children.iter().enumerate() {
            if stays[index] {
                continue;
            }
            let next = staying(index..children.len()).next();
            let before = staying(0..index).next_back();
            let range = match (next.map(|at| &children[at]), before.map(|at| &children[at])) {
                _ if !is_flow && self.is_first_on_line(child.start) => {
                    self.line_start(child.start)..self.line_end(child.end)
                }
                (Some(next), _) if is_flow => child.start..next.start,
                (None, Some(before)) if is_flow => before.end..child.end,
                // It shares its line with the dash of its parent.
                (Some(next), _) if !self.has_comment(self.line_end(child.end), next.start) => {
                    child.start..next.start
                }
                _ => child.start..self.line_end(child.end) - 1,
            };
            // In a row of such children, the first one, or the last one, takes all.
            match self.found.last_mut() {
                Some(last) if last.range.contains(&range.start) => {
                    last.range.end = last.range.end.max(range.end);
                }
                _ => self.change(range, ""),
            }
        }
    }

    fn has_comment(&self, from: usize, to: usize) -> bool {
        let between = self.text.get(from..to);
        between.is_none_or(|text| text.contains('#'))
    }

    /// Whether a list or a mapping is in brackets.
    fn is_flow(&self, from: usize) -> bool {
        self.text[self.skip(from)..].starts_with(['{', '['])
    }

    fn behind_colon(&self, entry: &Entry) -> usize {
        let key = entry.key_span.end;
        let colon = self.skip(key);
        match self.text[colon..].starts_with(':') {
            true => self.behind(colon),
            false => key,
        }
    }

    /// Where the text of a node ends.
    fn end(&self, node: &Node, from: usize) -> usize {
        if node.is_scalar() || self.is_flow(from) {
            let text = &self.text[node.span.clone()];
            // A text of several lines holds the end of the last one.
            return match text.starts_with(['|', '>']) {
                true => node.span.end,
                false => node.span.start + text.trim_end().len(),
            };
        }
        let last = self.children(node, from).pop();
        last.map_or(node.span.end, |child| child.end)
    }

    fn is_first_on_line(&self, at: usize) -> bool {
        self.text[self.line_start(at)..at].trim().is_empty()
    }

    fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |newline| newline + 1)
    }

    /// Where the line ends that has the character before this.
    fn line_end(&self, at: usize) -> usize {
        match self.text[..at].ends_with('\n') {
            true => at,
            false => self.text[at..]
                .find('\n')
                .map_or(self.text.len(), |newline| at + newline + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;
    use proptest::sample::Index;

    use std::collections::BTreeSet;

    use crate::document::join;

    use super::*;

    fn without(text: &str, gone: &BTreeSet<Spot>) -> Option<String> {
        changed(text, &Edits::without(gone.clone()))
    }

    fn changed(text: &str, edits: &Edits) -> Option<String> {
        let root = node::load(text).ok()?;
        edits.written(text, &root).map(|(text, _)| text)
    }

    fn taken_out(text: &str, pointers: &[&str]) -> Option<String> {
        let root = node::load(text).ok().unwrap();
        let spots = pointers.iter().map(|pointer| Spot::at(&root, pointer));
        without(text, &spots.map(Option::unwrap).collect())
    }

    #[test]
    fn everything_else_stays_as_it_is_written() {
        for (text, pointers, left) in [
            (
                "a: 1\n# of b\nb: 2 # two\nc: 3\n",
                &["/b"][..],
                "a: 1\n# of b\nc: 3\n",
            ),
            ("a: {b: 1, c: 2}\n", &["/a/b"], "a: {c: 2}\n"),
            ("a: {b: 1, c: 2}\n", &["/a/c"], "a: {b: 1}\n"),
            ("a: {b: 1, c: 2, d: 3}\n", &["/a/c", "/a/d"], "a: {b: 1}\n"),
            ("a: [1, 2, 3]\n", &["/a/0", "/a/1"], "a: [3]\n"),
            ("a: [1, 2, 3]\n", &["/a/0", "/a/2"], "a: [2]\n"),
            ("a: [1, 2]\nb: 1\n", &["/a/0", "/a/1"], "b: 1\n"),
            ("a:\n- 1\n- 2\n", &["/a/0"], "a:\n- 2\n"),
            (
                "a:\n  - b: 1 # one\n    c: 2\n",
                &["/a/0/b"],
                "a:\n  - c: 2\n",
            ),
            (
                "a:\n  - b: 1\n    # of c\n    c: 2\n",
                &["/a/0/b"],
                "a:\n  - \n    # of c\n    c: 2\n",
            ),
            ("a:\n  b: 1\nc: 2\n", &["/a/b"], "a:\n  {}\nc: 2\n"),
            ("a: |\n  text\n\n  text\nb: 1\n", &["/a"], "b: 1\n"),
            ("a:\nb: 1", &["/a"], "b: 1"),
            (
                "{\n  \"a\": 1,\n  \"b\": [\n    1,\n    2\n  ],\n  \"c\": 3\n}\n",
                &["/b/1", "/c"],
                "{\n  \"a\": 1,\n  \"b\": [\n    1\n  ]\n}\n",
            ),
            (
                "{\n  \"a\": \"\\ud83d\\udc4d\",\n  \"b\": 2\n}\n",
                &["/b"],
                "{\n  \"a\": \"\\ud83d\\udc4d\"\n}\n",
            ),
            (
                "a:\n  # - not this\n  - x # nor this\n  - y\n",
                &["/a/1"],
                "a:\n  # - not this\n  - x # nor this\n",
            ),
            ("ä: 1\nb: ö\nc: 2\n", &["/b"], "ä: 1\nc: 2\n"),
            ("a: 1\r\nb: 2\r\nc: 3\r\n", &["/b"], "a: 1\r\nc: 3\r\n"),
        ] {
            assert_eq!(taken_out(text, pointers).as_deref(), Some(left), "{text}");
        }
    }

    /// What is shared is not taken from one of those that share it.
    #[test]
    fn what_would_change_something_else_is_left_alone() {
        assert_eq!(taken_out("a: &x { b: 1, c: 2 }\nd: *x\n", &["/a"]), None);
        // Where an alias ends is not known, so what follows it is not found.
        let text = "a: &x ö\nü: 1\nb:\n  - *x\n  - ä\n";
        assert_eq!(taken_out(text, &["/b/1"]), None);
        // An anchor is no hindrance.
        let text = "a: &x [1, 2]\nb: [3]\n";
        assert_eq!(taken_out(text, &["/b"]).as_deref(), Some("a: &x [1, 2]\n"));
    }

    #[test]
    fn what_is_set_at_one_place_comes_together() {
        for (text, left) in [
            ("a: {}\n", "a: { b: 1, c: { d: 1, e: 1 } }\n"),
            ("a: null\n", "a: { b: 1, c: { d: 1, e: 1 } }\n"),
            ("z: 1\n", "a: { b: 1, c: { d: 1, e: 1 } }\nz: 1\n"),
            ("a: {z: 1}\n", "a: {b: 1, c: { d: 1, e: 1 }, z: 1}\n"),
        ] {
            let root = node::load(text).ok().unwrap();
            let mut edits = Edits::default();
            for pointer in ["/a/b", "/a/c/d", "/a/c/e"] {
                edits.set(&root, pointer, Node::from(1));
            }
            assert_eq!(changed(text, &edits).as_deref(), Some(left), "{text}");
        }
        let mut edits = Edits::default();
        let root = node::load("[{}]").ok().unwrap();
        edits.set(&root, "/0/a", Node::from(1));
        assert_eq!(changed("[{}]", &edits).as_deref(), Some("[{}]"));
    }

    #[test]
    fn what_goes_leaves_what_comes_before_it() {
        for (text, left) in [
            ("a: {b: 1}\n", "a: { c: 1 }\n"),
            ("a:\n  b: 1\nd: 2\n", "a:\n  { c: 1 }\nd: 2\n"),
        ] {
            let root = node::load(text).ok().unwrap();
            let mut edits = Edits::default();
            edits.set(&root, "/a/c", Node::from(1));
            edits.gone.extend(Spot::at(&root, "/a/b"));
            assert_eq!(changed(text, &edits).as_deref(), Some(left), "{text}");
        }
    }

    #[test]
    fn what_is_set_is_written_in_the_same_layout() {
        let url = Node::from("https://a.example");
        let value = Node::list([Node::map([("url", url), ("n", Node::from(1))])]);
        let line = "[{ url: \"https://a.example\", n: 1 }]";
        for (text, pointer, with) in [
            ("a: 1 # one\nb: 2\n", "/a", "a: LINE # one\nb: 2\n"),
            ("a:\n  - 1\n  - 2\nb: 2\n", "/a", "a: LINE\nb: 2\n"),
            ("a: # of a\n  - 1\n", "/a", "a: LINE # of a\n"),
            ("a:\nb: 2\n", "/a", "a: LINE\nb: 2\n"),
            ("a: {b: 1}\n", "/a/b", "a: {b: LINE}\n"),
            ("a: {b: 1}\n", "/a/c", "a: {c: LINE, b: 1}\n"),
            ("a: {}\n", "/a/c/d", "a: { c: { d: LINE } }\n"),
            ("a:\n  b: 1\n", "/a/c", "a:\n  c: LINE\n  b: 1\n"),
            ("a:\n  - b: 1\n", "/a/0/c", "a:\n  - c: LINE\n    b: 1\n"),
            (
                "a: 1\n# of paths\npaths: {}\n",
                "/c",
                "a: 1\nc: LINE\n# of paths\npaths: {}\n",
            ),
            (
                "a: |\n  # text\npaths: {}\n",
                "/c",
                "a: |\n  # text\nc: LINE\npaths: {}\n",
            ),
        ] {
            let root = node::load(text).ok().unwrap();
            let mut edits = Edits::default();
            edits.set(&root, pointer, value.clone());
            let with = with.replace("LINE", line);
            assert_eq!(changed(text, &edits), Some(with), "{text}");
        }
    }

    /// A value, and how it is written.
    #[derive(Clone, Debug)]
    enum Tree {
        Scalar(&'static str),
        List(Vec<Tree>, Style),
        Map(Vec<Tree>, Style),
    }

    #[derive(Clone, Copy, Debug)]
    struct Style {
        flow: bool,
        /// Of a block in a list, whether it begins beside the dash; of a list in a
        /// mapping, whether it is as far in.
        compact: bool,
        comments: bool,
        lines: bool,
    }

    fn tree() -> impl Strategy<Value = Tree> {
        let scalars = vec![
            "a",
            "1",
            "~",
            "",
            "'x: y'",
            "\"q # no\"",
            "a b",
            "2024-01-15",
            "\"\\n\"",
            "- no",
            "|\n t\n\n t",
            ">-\n t\n # t",
        ];
        let scalar = prop::sample::select(scalars).prop_map(Tree::Scalar);
        scalar.prop_recursive(4, 30, 4, |inner| {
            let style = any::<[bool; 4]>().prop_map(|[flow, compact, comments, lines]| Style {
                flow,
                compact,
                comments,
                lines,
            });
            let children = prop::collection::vec(inner, 1..5);
            (children, style, any::<bool>()).prop_map(|(children, style, is_list)| match is_list {
                true => Tree::List(children, style),
                false => Tree::Map(children, style),
            })
        })
    }

    #[derive(Default)]
    struct Writer {
        text: String,
        comments: usize,
    }

    impl Writer {
        fn comment(&mut self, style: Style, indent: usize, own_line: bool) {
            if !style.comments {
                return;
            }
            self.comments += 1;
            let _ = match own_line {
                true => writeln!(self.text, "{:indent$}# - c{}:", "", self.comments),
                false => write!(self.text, " # t{}, [", self.comments),
            };
        }

        fn flow(&mut self, tree: &Tree, indent: usize) {
            let (children, open, close, style) = match tree {
                Tree::Scalar(text) => {
                    let text = match *text {
                        "" | "- no" => "e",
                        text if text.contains('\n') => "m",
                        text => text,
                    };
                    self.text.push_str(text);
                    return;
                }
                Tree::List(children, style) => (children, '[', ']', style),
                Tree::Map(children, style) => (children, '{', '}', style),
            };
            self.text.push(open);
            for (index, child) in children.iter().enumerate() {
                if style.lines {
                    let indent = indent + 2;
                    let _ = write!(self.text, "\n{:indent$}", "");
                }
                if close == '}' {
                    let _ = write!(self.text, "k{index}: ");
                }
                self.flow(child, indent + 2);
                let _ = match (index + 1 < children.len(), style.lines) {
                    (true, true) => write!(self.text, ","),
                    (true, false) => write!(self.text, ", "),
                    (false, true) => write!(self.text, "\n{:indent$} ", ""),
                    (false, false) => Ok(()),
                };
            }
            self.text.push(close);
        }

        /// Writes a value behind a key or a dash, and the end of its line.
        fn value(&mut self, tree: &Tree, indent: usize, in_list: bool) {
            match tree {
                Tree::Scalar("- no") => self.text.push_str(" no\n"),
                Tree::Scalar(text) if text.contains('\n') => {
                    let pad = format!("\n{:indent$} ", "");
                    let text = text.replace('\n', &pad);
                    let _ = writeln!(self.text, " {text}");
                }
                Tree::Scalar(text) => {
                    let _ = writeln!(self.text, " {text}");
                }
                Tree::List(_, style) | Tree::Map(_, style) if style.flow => {
                    self.text.push(' ');
                    self.flow(tree, indent + 1);
                    self.comment(*style, 0, false);
                    self.text.push('\n');
                }
                Tree::List(_, style) | Tree::Map(_, style) if in_list && style.compact => {
                    self.text.push(' ');
                    self.block(tree, indent + 2, true);
                }
                Tree::List(_, style) if !in_list && style.compact => {
                    self.comment(*style, 0, false);
                    self.text.push('\n');
                    self.block(tree, indent, false);
                }
                _ => {
                    self.text.push('\n');
                    self.block(tree, indent + 2, false);
                }
            }
        }

        fn block(&mut self, tree: &Tree, indent: usize, mut is_begun: bool) {
            let (Tree::List(children, style) | Tree::Map(children, style)) = tree else {
                return self.value(tree, indent, false);
            };
            let is_list = matches!(tree, Tree::List(..));
            for (index, child) in children.iter().enumerate() {
                if !is_begun {
                    self.comment(*style, indent, true);
                    let _ = write!(self.text, "{:indent$}", "");
                }
                is_begun = false;
                match is_list {
                    true => self.text.push('-'),
                    false => {
                        let _ = write!(self.text, "k{index}:");
                    }
                }
                self.value(child, indent, is_list);
            }
        }
    }

    /// A mapping with these values, of which the last one always stays.
    fn written(children: Vec<Tree>, comments: bool) -> String {
        let style = Style {
            flow: false,
            compact: false,
            comments,
            lines: false,
        };
        let mut writer = Writer::default();
        writer.block(&Tree::Map(children, style), 0, false);
        writer.text.push_str("last: here\n");
        writer.text
    }

    /// The pointers of all entries.
    fn entries(pointer: &str, node: &Node, found: &mut Vec<String>) {
        for (index, item) in node.items().iter().enumerate() {
            entries(&format!("{pointer}/{index}"), item, found);
        }
        for entry in node.entries() {
            let pointer = join(pointer, &entry.key);
            entries(&pointer, &entry.value, found);
            found.push(pointer);
        }
    }

    /// Whether the comments before the keys of the outermost mapping are still there.
    fn keeps_comments(before: &str, after: &str) -> Result<(), TestCaseError> {
        for pair in before.lines().collect::<Vec<_>>().windows(2) {
            if pair[0].starts_with("# - c") && pair[1].starts_with('k') {
                prop_assert!(
                    after.contains(pair[0]),
                    "{before}\nlost {} in\n{after}",
                    pair[0]
                );
            }
        }
        Ok(())
    }

    fn spots(node: &Node, found: &mut Vec<Spot>) {
        for item in node.items() {
            found.push(Spot::of_item(item));
            spots(item, found);
        }
        for entry in node.entries() {
            found.push(Spot::of_entry(entry));
            spots(&entry.value, found);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// However a text is written, any of its nodes can be taken out, and the rest is
        /// read as before. With `without`, that is to say that it returns something.
        #[test]
        fn any_node_can_be_taken_out(
            children in prop::collection::vec(tree(), 2..5),
            comments: bool,
            chosen in prop::collection::vec(any::<Index>(), 1..4),
        ) {
            let text = written(children, comments);
            let Ok(root) = node::load(&text) else {
                panic!("{text}");
            };
            let mut all = Vec::new();
            spots(&root, &mut all);
            all.pop();
            let gone: BTreeSet<Spot> = chosen.iter().map(|index| *index.get(&all)).collect();
            let left = without(&text, &gone);
            prop_assert!(left.is_some(), "{text}\nwithout {gone:?}");
            let left = left.unwrap();
            keeps_comments(&text, &left)?;
            // Taken out once more, nothing changes.
            prop_assert_eq!(without(&left, &BTreeSet::new()), Some(left.clone()));
        }

        /// The same of other values, and of what comes before an entry.
        #[test]
        fn any_entry_can_be_set(
            children in prop::collection::vec(tree(), 2..5),
            comments: bool,
            chosen in prop::collection::vec((any::<Index>(), any::<bool>()), 1..4),
        ) {
            let text = written(children, comments);
            let root = node::load(&text).ok().unwrap();
            let mut all = Vec::new();
            entries("", &root, &mut all);
            let items = [1.into(), "x: y".into(), Data::Null.into(), "true".into()];
            let value = Node::map([
                ("a b", Node::list(items)),
                ("ä", Node::map([])),
                ("z", Node::list([])),
            ]);
            let mut edits = Edits::default();
            for (number, (index, is_new)) in chosen.iter().enumerate() {
                let pointer = index.get(&all);
                let holder = pointer.rsplit_once('/').unwrap().0;
                match is_new {
                    true => edits.set(&root, &join(holder, &format!("new{number}")), value.clone()),
                    false => edits.set(&root, pointer, value.clone()),
                }
            }
            let set = changed(&text, &edits);
            prop_assert!(set.is_some(), "{text}\nwith {edits:?}");
            let set = set.unwrap();
            keeps_comments(&text, &set)?;
        }

        /// Changes of what earlier ones have made are changes of the text.
        #[test]
        fn changes_build_on_each_other(
            children in prop::collection::vec(tree(), 1..4),
            rounds in prop::collection::vec(
                prop::collection::vec((any::<Index>(), 0..3), 1..4),
                1..4,
            ),
        ) {
            let text = written(children, true);
            let root = node::load(&text).ok().unwrap();
            let (mut edits, mut now) = (Edits::default(), root.clone());
            for (round, changes) in rounds.iter().enumerate() {
                let mut all = Vec::new();
                entries("", &now, &mut all);
                let mut more = Edits::default();
                for (number, (index, what)) in changes.iter().enumerate() {
                    let pointer = index.get(&all);
                    let value = Node::map([("x", 1.into()), ("y", Node::list([2.into()]))]);
                    match what {
                        0 => more.set(&now, pointer, value),
                        1 => {
                            let holder = pointer.rsplit_once('/').unwrap().0;
                            let new = join(holder, &format!("new{round}_{number}"));
                            more.set(&now, &new, value);
                        }
                        _ if pointer == "/last" => {}
                        _ => more.gone.extend(Spot::at(&now, pointer)),
                    }
                }
                now = more.made(&now).unwrap();
                edits.add(more);
            }
            let made = edits.written(&text, &root);
            prop_assert!(made.is_some(), "{text}\nwith {edits:?}");
            prop_assert_eq!(made.unwrap().1, now);
        }
    }
}
