//! The requisite graph as text: Graphviz' dot, and SVG by a layered layout of our own.

use std::fmt::Write;

/// A graph to draw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drawing {
    /// Nodes: the two lines of their text.
    pub nodes: Vec<(String, String)>,
    /// Edges from what is needed to what needs it, with the requisite.
    pub edges: Vec<(usize, usize, &'static str)>,
}

/// The colour of a requisite.
fn colour(kind: &str) -> &'static str {
    match kind.split('_').next().unwrap_or(kind) {
        "require" => "#1f6feb",
        "watch" => "#8250df",
        "onchanges" => "#1a7f37",
        "onfail" => "#cf222e",
        "prereq" | "prerequired" => "#9a6700",
        "listen" => "#bf3989",
        _ => "#57606a",
    }
}

impl Drawing {
    /// The text for `dot`.
    pub fn to_dot(&self) -> String {
        let quote = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', " ");
        let mut out = String::from(
            "digraph states {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n",
        );
        for (index, (id, call)) in self.nodes.iter().enumerate() {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "  n{index} [label=\"{}\\n{}\"];", quote(id), quote(call));
        }
        for (from, to, kind) in &self.edges {
            let _ =
                writeln!(out, "  n{from} -> n{to} [label=\"{kind}\", color=\"{}\"];", colour(kind));
        }
        out.push_str("}\n");
        out
    }

    /// The layer of each node: one more than the deepest of those it needs. Edges of a cycle, which a
    /// compiled tree does not have, count once.
    fn layers(&self) -> Vec<usize> {
        let count = self.nodes.len();
        let mut waiting = vec![0_usize; count];
        for (_, to, _) in &self.edges {
            waiting[*to] += 1;
        }
        let mut out: Vec<Vec<usize>> = vec![Vec::new(); count];
        for (from, to, _) in &self.edges {
            out[*from].push(*to);
        }
        let mut layer = vec![0; count];
        let mut ready: Vec<usize> = (0..count).filter(|node| waiting[*node] == 0).collect();
        while let Some(node) = ready.pop() {
            for &next in &out[node] {
                layer[next] = layer[next].max(layer[node] + 1);
                waiting[next] -= 1;
                if waiting[next] == 0 {
                    ready.push(next);
                }
            }
        }
        layer
    }

    /// The rows of each layer, ordered so that edges cross little: by the mean row of what a node
    /// needs, then of what needs it.
    fn rows(&self, layer: &[usize]) -> Vec<Vec<usize>> {
        let depth = layer.iter().max().map_or(0, |deepest| deepest + 1);
        let mut rows: Vec<Vec<usize>> = vec![Vec::new(); depth];
        for (node, layer) in layer.iter().enumerate() {
            rows[*layer].push(node);
        }
        let mut row_of = vec![0.0_f64; self.nodes.len()];
        let place = |rows: &[Vec<usize>], row_of: &mut Vec<f64>| {
            for nodes in rows {
                for (row, node) in nodes.iter().enumerate() {
                    row_of[*node] = row as f64;
                }
            }
        };
        place(&rows, &mut row_of);
        let mut before: Vec<Vec<usize>> = vec![Vec::new(); self.nodes.len()];
        let mut after = before.clone();
        for (from, to, _) in &self.edges {
            before[*to].push(*from);
            after[*from].push(*to);
        }
        for sweep in 0..6 {
            let near = if sweep % 2 == 0 { &before } else { &after };
            for nodes in &mut rows {
                let mean = |node: &usize| match near[*node].as_slice() {
                    [] => row_of[*node],
                    others => others.iter().map(|o| row_of[*o]).sum::<f64>() / others.len() as f64,
                };
                nodes.sort_by(|a, b| mean(a).total_cmp(&mean(b)));
            }
            place(&rows, &mut row_of);
        }
        rows
    }

    /// A picture that stands by itself.
    pub fn to_svg(&self) -> String {
        const WIDTH: usize = 220;
        const HEIGHT: usize = 40;
        const GAP_X: usize = 90;
        const GAP_Y: usize = 18;
        let layer = self.layers();
        let rows = self.rows(&layer);
        let tallest = rows.iter().map(Vec::len).max().unwrap_or(0);
        let (width, height) =
            (rows.len() * (WIDTH + GAP_X) + GAP_X, tallest * (HEIGHT + GAP_Y) + 2 * GAP_Y);
        let mut at = vec![(0, 0); self.nodes.len()];
        for (column, nodes) in rows.iter().enumerate() {
            let top = (tallest - nodes.len()) * (HEIGHT + GAP_Y) / 2 + GAP_Y;
            for (row, node) in nodes.iter().enumerate() {
                at[*node] = (GAP_X / 2 + column * (WIDTH + GAP_X), top + row * (HEIGHT + GAP_Y));
            }
        }
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"11\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
        );
        for (from, to, kind) in &self.edges {
            let ((x1, y1), (x2, y2)) = (at[*from], at[*to]);
            let (x1, y1, y2) = (x1 + WIDTH, y1 + HEIGHT / 2, y2 + HEIGHT / 2);
            let (middle, colour) = ((x1 + x2) / 2, colour(kind));
            let _ = writeln!(
                out,
                "<path d=\"M{x1} {y1} C{middle} {y1} {middle} {y2} {x2} {y2}\" fill=\"none\" \
                 stroke=\"{colour}\"><title>{kind}</title></path><path d=\"M{x2} {y2} l-7 -3 v6 z\" \
                 fill=\"{colour}\"/>"
            );
        }
        for (node, (id, call)) in self.nodes.iter().enumerate() {
            let (x, y) = at[node];
            let (shown, small) = (xml(&shorten(id, 34)), xml(&shorten(call, 38)));
            let _ = writeln!(
                out,
                "<g><title>{} {}</title><rect x=\"{x}\" y=\"{y}\" width=\"{WIDTH}\" \
                 height=\"{HEIGHT}\" rx=\"4\" fill=\"#f6f8fa\" stroke=\"#57606a\"/>\
                 <text x=\"{}\" y=\"{}\" font-weight=\"bold\">{shown}</text>\
                 <text x=\"{}\" y=\"{}\" fill=\"#57606a\">{small}</text></g>",
                xml(id),
                xml(call),
                x + 8,
                y + 17,
                x + 8,
                y + 32
            );
        }
        out.push_str("</svg>\n");
        out
    }
}

fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain() -> Drawing {
        let node = |id: &str| (id.to_owned(), "test.nop".to_owned());
        Drawing {
            nodes: vec![node("c"), node("a <&> \"x\""), node("b")],
            edges: vec![(1, 2, "require"), (2, 0, "watch"), (1, 0, "require")],
        }
    }

    #[test]
    fn what_is_needed_stands_left_of_what_needs_it() {
        assert_eq!(chain().layers(), [2, 0, 1]);
        assert_eq!(chain().rows(&[2, 0, 1]), [vec![1], vec![2], vec![0]]);
    }

    #[test]
    fn texts_are_quoted_in_both_forms() {
        let dot = chain().to_dot();
        assert!(dot.contains(r#"n1 [label="a <&> \"x\"\ntest.nop"];"#), "{dot}");
        assert!(dot.contains("n2 -> n0 [label=\"watch\""), "{dot}");
        let svg = chain().to_svg();
        assert!(
            svg.contains("a &lt;&amp;&gt; &quot;x&quot;") && svg.ends_with("</svg>\n"),
            "{svg}"
        );
        assert_eq!(svg.matches("<g>").count(), 3);
    }
}
