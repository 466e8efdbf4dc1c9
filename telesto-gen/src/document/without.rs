//! Takes nodes out of a text, so that everything else stays as it is written.

use std::collections::BTreeSet;
use std::ops::Range;

use super::node::{self, Data, Entry, Node};
use super::surrogates::Joined;

/// An entry of a mapping or an item of a list, by the byte that it starts at. The item
/// starts where the first entry does if it is a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Spot {
    Entry(usize),
    Item(usize),
}

impl Spot {
    pub(crate) fn of_entry(entry: &Entry) -> Self {
        Self::Entry(entry.key_span.start)
    }

    fn of_item(item: &Node) -> Self {
        Self::Item(item.span.start)
    }

    /// The node that a pointer leads to, if it leads to one in a mapping or a list.
    pub(super) fn at(root: &Node, pointer: &str) -> Option<Self> {
        let target = super::pointer::find(root, pointer);
        let is_within = target.exact && !pointer.is_empty();
        is_within.then(|| match target.entry {
            Some(entry) => Self::of_entry(entry),
            None => Self::of_item(target.node),
        })
    }
}

/// The text without these nodes. A list that has nothing left goes as well. `None` if the
/// rest would be read as something else, as it may with aliases.
pub(crate) fn without(text: &str, gone: &BTreeSet<Spot>) -> Option<String> {
    let load = |text: &str| node::load(text, &Joined::of(text)).ok();
    let root = load(text)?;
    let mut cuts = Cuts {
        text,
        gone,
        edits: Vec::new(),
    };
    let wanted = cuts.pruned(&root, 0)?;
    let mut edits = cuts.edits;
    edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
    edits.dedup();
    let mut result = String::with_capacity(text.len());
    let mut copied = 0;
    for edit in edits {
        result.push_str(text.get(copied..edit.range.start)?);
        result.push_str(edit.by);
        copied = edit.range.end;
    }
    result.push_str(text.get(copied..)?);
    (load(&result)? == wanted).then_some(result)
}

#[derive(PartialEq)]
struct Edit {
    range: Range<usize>,
    by: &'static str,
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

struct Cuts<'t> {
    text: &'t str,
    gone: &'t BTreeSet<Spot>,
    edits: Vec<Edit>,
}

impl Cuts<'_> {
    /// The node without what is gone; `None` if it is a list of which nothing is left.
    /// Its text starts at `from`, or behind spaces and comments.
    fn pruned(&mut self, node: &Node, from: usize) -> Option<Node> {
        let before = self.edits.len();
        let children = self.children(node, from);
        let kept: Vec<Option<Node>> = children
            .iter()
            .map(|child| match self.gone.contains(&child.spot) {
                true => None,
                false => self.pruned(child.value, child.from),
            })
            .collect();
        let stays: Vec<bool> = kept.iter().map(Option::is_some).collect();
        if stays.is_empty() || stays.contains(&true) {
            self.cut(self.is_flow(from), &children, &stays);
        } else {
            self.edits.truncate(before);
            if let Data::List(_) = node.data {
                return None;
            }
            let range = self.skip(from)..self.end(node, from);
            self.edits.push(Edit { range, by: "{}" });
        }
        let data = match &node.data {
            Data::List(_) => Data::List(kept.into_iter().flatten().collect()),
            Data::Map(entries) => {
                let left = entries.iter().zip(kept).filter_map(|(entry, kept)| {
                    kept.map(|value| Entry {
                        key: entry.key.clone(),
                        key_span: entry.key_span.clone(),
                        key_data: entry.key_data.clone(),
                        value,
                    })
                });
                Data::Map(left.collect())
            }
            scalar => scalar.clone(),
        };
        let span = node.span.clone();
        Some(Node { span, data })
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
            match rest.find('\n') {
                Some(newline) if rest.starts_with('#') => at = begins + newline,
                _ => return begins,
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
            match self.edits.last_mut() {
                Some(last) if last.range.contains(&range.start) => {
                    last.range.end = last.range.end.max(range.end);
                }
                _ => self.edits.push(Edit { range, by: "" }),
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

    use super::*;

    fn taken_out(text: &str, pointers: &[&str]) -> Option<String> {
        let root = node::load(text, &Joined::of(text)).ok().unwrap();
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
            let style = Style { flow: false, compact: false, comments, lines: false };
            let mut writer = Writer::default();
            // The last one always stays.
            writer.block(&Tree::Map(children, style), 0, false);
            writer.text.push_str("last: here\n");
            let text = writer.text;
            let Ok(root) = node::load(&text, &Joined::of(&text)) else {
                panic!("{text}");
            };
            let mut all = Vec::new();
            spots(&root, &mut all);
            all.pop();
            let gone: BTreeSet<Spot> = chosen.iter().map(|index| *index.get(&all)).collect();
            let left = without(&text, &gone);
            prop_assert!(left.is_some(), "{text}\nwithout {gone:?}");
            let left = left.unwrap();
            // Those of the outermost mapping are before its keys.
            for pair in text.lines().collect::<Vec<_>>().windows(2) {
                if pair[0].starts_with("# - c") && pair[1].starts_with('k') {
                    prop_assert!(left.contains(pair[0]), "{text}\nlost {} in\n{left}", pair[0]);
                }
            }
            // Taken out once more, nothing changes.
            prop_assert_eq!(without(&left, &BTreeSet::new()), Some(left.clone()));
        }
    }
}
