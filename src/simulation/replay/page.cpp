#include "page.hpp"

#include <fmt/format.h>

#include "svg.hpp"

namespace poolscaler::replay {
namespace {

// The palette is told apart by people who see no red or green (after Okabe and Ito).
constexpr std::string_view style = R"(
:root{--paper:#fff;--ink:#1b1f24;--soft:#57606a;--rule:#d8dee4;--panel:#f6f8fa;
--a:#0072b2;--b:#e69f00;--c:#009e73;--d:#cc79a7;--e:#d55e00;--f:#56b4e9;--g:#8c6d31;--h:#8b949e}
@media (prefers-color-scheme:dark){:root{--paper:#0d1117;--ink:#e6edf3;--soft:#9aa4af;
--rule:#30363d;--panel:#161b22;--a:#58a6ff;--b:#f0b429;--c:#3fbf8f;--d:#e39bc4;--e:#ff8a4c;
--f:#8fd0ff;--g:#c4a35a}}
*{box-sizing:border-box}
body{margin:0 auto;padding:16px;max-width:1060px;background:var(--paper);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
h1{font-size:1.5rem;line-height:1.25;margin:.2em 0}
h2{font-size:1.15rem;line-height:1.3;margin:1.8em 0 .3em;overflow-wrap:anywhere}
h3{font-size:.95rem;margin:1.2em 0 .2em;color:var(--soft);font-weight:600}
p{margin:.4em 0;overflow-wrap:anywhere}.soft{color:var(--soft)}
.scroll{overflow-x:auto;margin:.6em 0;border:1px solid var(--rule);border-radius:6px}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.87rem}
th,td{padding:5px 9px;text-align:right;white-space:nowrap;border-bottom:1px solid var(--rule)}
tr:last-child td{border-bottom:0}
th{background:var(--panel);font-weight:600;color:var(--soft)}
th:first-child,td:first-child{text-align:left;white-space:normal;min-width:10em;
overflow-wrap:anywhere}
svg{display:block;width:100%;height:auto}
svg text{font-size:11px;fill:var(--soft)}svg text.mark{fill:var(--ink)}
.grid{stroke:var(--rule);stroke-width:1;fill:none}.axis{stroke:var(--soft);fill:none}
.level{stroke:var(--ink);stroke-dasharray:5 4;fill:none}
.line{fill:none;stroke-width:1.8;stroke-linejoin:round}.fill{opacity:.55}
.c-a{stroke:var(--a)}.c-b{stroke:var(--b)}.c-c{stroke:var(--c)}.c-d{stroke:var(--d)}
.c-e{stroke:var(--e)}.c-f{stroke:var(--f)}.c-g{stroke:var(--g)}.c-h{stroke:var(--h)}
.c-ink{stroke:var(--ink)}
.f-a{fill:var(--a)}.f-b{fill:var(--b)}.f-c{fill:var(--c)}.f-d{fill:var(--d)}
.f-e{fill:var(--e)}.f-f{fill:var(--f)}.f-g{fill:var(--g)}.f-h{fill:var(--h)}
.b-a{background:var(--a)}.b-b{background:var(--b)}.b-c{background:var(--c)}.b-d{background:var(--d)}
.b-e{background:var(--e)}.b-f{background:var(--f)}.b-g{background:var(--g)}.b-h{background:var(--h)}
.b-ink{background:var(--ink)}
.legend{display:flex;flex-wrap:wrap;gap:2px 16px;margin:.2em 0 .6em;padding:0;list-style:none;
font-size:.85rem;color:var(--soft)}
.legend i{display:inline-block;width:.75em;height:.75em;border-radius:2px;margin-right:.45em}
@media (max-width:600px){body{padding:12px}svg text{font-size:18px}.line{stroke-width:2.6}
th,td{padding:4px 7px}}
@media print{:root{--paper:#fff;--ink:#000;--soft:#444;--rule:#ccc;--panel:#f3f3f3;--a:#0072b2;
--b:#e69f00;--c:#009e73;--d:#cc79a7;--e:#d55e00;--f:#56b4e9;--g:#8c6d31}
body{max-width:none;padding:0;font-size:11px}figure,table{break-inside:avoid}
h2,h3{break-after:avoid}.scroll{overflow:visible;border:0}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
figure{margin:0}
)";

}  // namespace

std::string page_of(std::string_view title, std::string_view body) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta "
      "name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta "
      "name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n<style>{}</style>\n"
      "</head>\n<body>\n{}\n</body>\n</html>\n",
      html_escaped(title), style, body);
}

std::string html_table(const std::vector<std::vector<std::string>>& rows) {
  std::string text = "<div class=\"scroll\"><table>\n";
  std::string_view tag = "th";
  for (const auto& row : rows) {
    text += "<tr>";
    for (const auto& cell : row) text += fmt::format("<{0}>{1}</{0}>", tag, html_escaped(cell));
    text += "</tr>\n";
    tag = "td";
  }
  return text + "</table></div>\n";
}

std::string legend_of(const std::vector<LegendEntry>& entries) {
  std::string text = "<ul class=\"legend\">";
  for (const auto& entry : entries)
    text += fmt::format("<li><i class=\"b-{}\"></i>{}</li>", entry.colour,
                        html_escaped(entry.text));
  return text + "</ul>\n";
}

}  // namespace poolscaler::replay
