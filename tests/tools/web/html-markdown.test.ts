import { describe, expect, test } from "bun:test";
import { article } from "#fixtures/web-site.ts";
import { htmlToMarkdown } from "#tools/web/html-markdown.ts";
import { parseHtml, textOf } from "#tools/web/html-tree.ts";

const markdown = (html: string, keepLinks = true) =>
  htmlToMarkdown(parseHtml(html), { baseUrl: "https://site.test/a/", keepLinks });

test("a page becomes what its reader sees", () => {
  expect(markdown(article)).toBe(`# Lighthouses

The first **lamp** burned
oil. See [the oil](https://site.test/oil?a=1).

## Keepers

- One at night
- One by day
  - also on Sundays

1. Light
2. Wait

> Never dark.

\`\`\`
let lamp =
    "on";
\`\`\`

| Year | Lamps |
| --- | --- |
| 1800 | 1 |

[image: A lamp]`);
});

describe("Markdown of", () => {
  test.each([
    ["<p>a<p>b", "a\n\nb"],
    ["plain &lt;text&gt; &eacute;", "plain <text> é"],
    ["<div>one<span><p>two</p></span>three</div>", "one\n\ntwo\n\nthree"],
    ["<a href='x'>here</a>", "[here](https://site.test/a/x)"],
    ["<a href='#top'>up</a>", "up"],
    ["<a href='javascript:alert(1)'>bad</a>", "bad"],
    ["<a href='http://['>broken</a>", "broken"],
    ["<a href='x'></a>", ""],
    ["a <b> b </b> c", "a **b** c"],
    ["<b></b>", ""],
    ["<code>a  b</code>", "`a b`"],
    ["<pre>```\nx\n```</pre>", "````\n```\nx\n```\n````"],
    ["<h2></h2>", ""],
    ["<table><tr><td><h1>Layout</h1></td><td>x</td></tr></table>", "# Layout\n\nx"],
    ["<table><tr><td>a|b</td><td>c</td></tr><tr><td>d</td></tr></table>", "| a\\|b | c |\n| --- | --- |\n| d |  |"],
    ["<ol><li><p>a</p><p>b</p></li></ol>", "1. a\n\n   b"],
    ["<p>$& $1</p><b>$&</b>", "$& $1\n\n**$&**"],
    ["<div aria-hidden='true'>x</div><template>y</template>z", "z"],
    ["<p>a</p></div></p></b>", "a"],
    ["", ""],
    ["<", "<"],
  ])("%s", (html, expected) => {
    expect(markdown(html)).toBe(expected);
  });

  test("links without links", () => {
    expect(markdown("<p>see <a href='x'>here</a>", false)).toBe("see here");
  });

  test("a page whose main element is filled by a script is the whole page", () => {
    expect(markdown("<main></main><p>text</p>")).toBe("text");
  });
});

test("deep nesting is flattened", () => {
  const deep = parseHtml("<div>".repeat(3000) + "bottom" + "</div>".repeat(3000) + "<p>after</p>");
  expect(textOf(deep)).toBe("bottomafter");
});

test("a page of half a million open elements is read up to a point, quickly", () => {
  expect(markdown("<p>begin</p>" + "<div><b>".repeat(250_000) + "bottom")).toBe("begin");
});
