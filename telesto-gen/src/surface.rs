//! What a client offers to those who use it, read from the refined syntax tree.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use quote::ToTokens;
use syn::{Attribute, Fields, ImplItem, Item, ItemImpl, ReturnType, Signature, Visibility};

use crate::refine::{objects, tree};
use crate::spec::Spec;

mod origins;

/// What a client offers: everything public of its generated code, by its path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surface {
    items: BTreeMap<String, SurfaceItem>,
}

/// A type, field, variant, method or trait implementation of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SurfaceItem {
    /// What it is.
    pub kind: ItemKind,
    /// Its type or signature, without the paths of the standard library.
    pub signature: String,
    /// The name of a field, the value of a variant, or the name of the parameter that a
    /// setter sets, on the wire. Names of headers are in lowercase.
    pub wire_name: Option<String>,
    /// The JSON pointer of what it was made from, if it is in the document.
    pub origin: Option<String>,
}

/// What an item of a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ItemKind {
    /// A struct.
    Struct,
    /// An enum.
    Enum,
    /// A public field.
    Field,
    /// A variant of an enum.
    Variant,
    /// A method or an associated function.
    Method,
    /// A trait that a type implements.
    Trait,
}

impl Display for ItemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Struct => "struct",
            Self::Enum => "enum",
            Self::Field => "field",
            Self::Variant => "variant",
            Self::Method => "method",
            Self::Trait => "trait",
        })
    }
}

impl Surface {
    /// Every item, by its path, such as `types::Product::name`.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &SurfaceItem)> {
        self.items.iter().map(|(path, item)| (path.as_str(), item))
    }

    /// The item at a path.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&SurfaceItem> {
        self.items.get(path)
    }

    /// The surface of a refined client.
    pub(crate) fn of(file: &syn::File, spec: &Spec<'_>) -> Self {
        let mut surface = Self::default();
        surface.module("", &file.items);
        origins::add(spec, &mut surface.items);
        surface
    }

    fn module(&mut self, path: &str, items: &[Item]) {
        for item in items {
            match item {
                Item::Mod(module) => {
                    let items = module.content.as_ref().map_or(&[][..], |(_, items)| items);
                    if objects::is_stand_in(module) {
                        self.module(path, items);
                        items.iter().for_each(|item| self.builder(path, item));
                    } else {
                        self.module(&format!("{path}{}::", module.ident), items);
                    }
                }
                Item::Struct(item) if is_public(&item.vis) => {
                    let path = format!("{path}{}", item.ident);
                    self.derives(&path, &item.attrs);
                    self.fields(&path, &item.fields);
                    self.add(path, ItemKind::Struct, openness(&item.attrs));
                }
                Item::Enum(item) if is_public(&item.vis) => {
                    let path = format!("{path}{}", item.ident);
                    self.derives(&path, &item.attrs);
                    for variant in &item.variants {
                        let held: Vec<String> =
                            variant.fields.iter().map(|f| text(&f.ty)).collect();
                        let name = format!("{path}::{}", variant.ident);
                        let is_value = held.is_empty();
                        let wire_name = renamed(&variant.attrs)
                            .or_else(|| is_value.then(|| variant.ident.to_string()));
                        self.named(name, ItemKind::Variant, held.join(", "), wire_name);
                    }
                    self.add(path, ItemKind::Enum, openness(&item.attrs));
                }
                Item::Impl(block) => self.block(path, block),
                _ => {}
            }
        }
    }

    fn fields(&mut self, path: &str, fields: &Fields) {
        for (number, field) in fields.iter().enumerate() {
            if is_public(&field.vis) {
                let ident = field.ident.as_ref();
                let name = ident.map_or_else(|| number.to_string(), tree::name);
                let wire_name = objects::wire_name(field);
                let path = format!("{path}::{name}");
                self.named(path, ItemKind::Field, text(&field.ty), wire_name);
            }
        }
    }

    /// The builder of an object, as `crate::wire::objects!` makes it.
    fn builder(&mut self, path: &str, item: &Item) {
        let Item::Struct(object) = item else { return };
        let name = object.ident.to_string();
        let start = format!("fn() -> builder::{name}");
        self.add(format!("{path}{name}::builder()"), ItemKind::Method, start);
        let made = format!("{path}{name}: TryFrom<{name}>");
        self.add(made, ItemKind::Trait, String::new());

        let builder = format!("{path}builder::{name}");
        self.add(builder.clone(), ItemKind::Struct, String::new());
        for of in ["Clone", "Debug", "Default", &format!("From<super::{name}>")] {
            self.add(format!("{builder}: {of}"), ItemKind::Trait, String::new());
        }
        for field in &object.fields {
            let field_name = field.ident.as_ref().map(tree::name).unwrap_or_default();
            let setter = format!("{builder}::{}()", objects::setter(&field_name));
            let taken = text(&field.ty);
            let signature = format!("fn(mut self, value: impl crate::Argument<{taken}>) -> Self");
            self.add(setter, ItemKind::Method, signature);
        }
        let built = format!("fn(self) -> Result<super::{name}, crate::Error>");
        self.add(format!("{builder}::build()"), ItemKind::Method, built);
    }

    fn block(&mut self, path: &str, block: &ItemImpl) {
        let ty = text(&block.self_ty);
        // The type of an outer module, without its lifetime.
        let (mut path, mut ty) = (path, ty.trim_end_matches("<'a>"));
        while let Some(outer) = ty.strip_prefix("super::") {
            let inner = path.trim_end_matches("::");
            path = inner.rfind("::").map_or("", |end| &path[..end + 2]);
            ty = outer;
        }
        if let Some((name, _)) = &block.trait_ {
            let path = format!("{path}{ty}: {}", text(name));
            return self.add(path, ItemKind::Trait, String::new());
        }
        for item in &block.items {
            if let ImplItem::Fn(function) = item
                && is_public(&function.vis)
            {
                let name = tree::name(&function.sig.ident);
                let path = format!("{path}{ty}::{name}()");
                self.add(path, ItemKind::Method, signature(&function.sig));
            }
        }
    }

    fn derives(&mut self, path: &str, attributes: &[Attribute]) {
        let derived = attributes.iter().flat_map(|a| tree::listed(a, "derive"));
        for name in derived.filter_map(|meta| meta.path().segments.last().cloned()) {
            let path = format!("{path}: {}", name.ident);
            self.add(path, ItemKind::Trait, String::new());
        }
    }

    fn add(&mut self, path: String, kind: ItemKind, signature: String) {
        self.named(path, kind, signature, None);
    }

    fn named(
        &mut self,
        path: String,
        kind: ItemKind,
        signature: String,
        wire_name: Option<String>,
    ) {
        let item = SurfaceItem {
            kind,
            signature,
            wire_name,
            origin: None,
        };
        self.items.insert(path, item);
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// `#[non_exhaustive]`, or nothing.
fn openness(attributes: &[Attribute]) -> String {
    let is_open = attributes
        .iter()
        .any(|attribute| attribute.path().is_ident("non_exhaustive"));
    let text = if is_open { "#[non_exhaustive]" } else { "" };
    text.to_owned()
}

fn renamed(attributes: &[Attribute]) -> Option<String> {
    let serde = tree::serde(attributes);
    serde.iter().find_map(|meta| tree::text_of(meta, "rename"))
}

fn signature(signature: &Signature) -> String {
    let inputs: Vec<String> = signature.inputs.iter().map(text).collect();
    let output = match &signature.output {
        ReturnType::Default => String::new(),
        ReturnType::Type(_, ty) => format!(" -> {}", text(ty)),
    };
    let generics = text(&signature.generics);
    let bounds = match &signature.generics.where_clause {
        Some(clause) => format!(" {}", text(clause)),
        None => String::new(),
    };
    let start = if signature.asyncness.is_some() {
        "async fn"
    } else {
        "fn"
    };
    format!("{start}{generics}({}){output}{bounds}", inputs.join(", "))
}

/// Code as a person would write it: `Option<String>`, instead of
/// `:: std :: option :: Option < :: std :: string :: String >`.
fn text(code: &impl ToTokens) -> String {
    let mut text = code.to_token_stream().to_string();
    for (spaced, closed) in [
        (" :: ", "::"),
        (":: ", "::"),
        (" <", "<"),
        ("< ", "<"),
        (" >", ">"),
        (" ,", ","),
        (" :", ":"),
        (",>", ">"),
        ("& ", "&"),
    ] {
        text = text.replace(spaced, closed);
    }
    let mut short = String::new();
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let mut rest = text.as_str();
    while let Some(start) = rest.find("::std::") {
        let (before, path) = rest.split_at(start);
        let end = path.find(|c| !is_word(c)).unwrap_or(path.len());
        let (path, after) = path.split_at(end);
        short.push_str(before);
        if before.ends_with(':') {
            short.push(' ');
        }
        short.push_str(path.rsplit("::").next().unwrap_or(path));
        rest = after;
    }
    short + rest
}
