"""How the page looks: one light theme, one column on a phone, two on a screen."""

from __future__ import annotations

from abm.view.page import theme

STYLE = f"""
:root {{ color-scheme: light; --first: {theme.FIRST}; --second: {theme.SECOND}; --ink: #262626; --quiet: #595959;
         --line: #dedede; }}
body {{ font: 15px/1.45 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; color: var(--ink); background: #fafafa; }}
.nicegui-content {{ padding: 0; display: block; max-width: 1500px; margin: 0 auto; }}
h1 {{ font-size: 1.15rem; font-weight: 700; margin: 0; line-height: 1.2; }}
h2 {{ font-size: 1rem; font-weight: 700; margin: 0 0 .5rem; line-height: 1.3; }}
.top {{ display: flex; flex-wrap: wrap; align-items: center; gap: .5rem .9rem; padding: .7rem 1rem .5rem; }}
.top .study {{ flex: 1 1 14rem; max-width: 26rem; }}
.bar {{ position: sticky; top: 0; z-index: 20; background: #fafafaf5; border-bottom: 1px solid var(--line);
        display: flex; flex-wrap: wrap; align-items: center; gap: .4rem .6rem; padding: .45rem 1rem; }}
.bar .period {{ min-width: 7.5rem; font-variant-numeric: tabular-nums; }}
.bar .status {{ flex: 1 1 12rem; min-height: 1.4em; color: var(--quiet); }}
.page {{ display: grid; grid-template-columns: minmax(330px, 400px) minmax(0, 1fr); gap: 1rem; padding: 1rem;
         align-items: start; }}
.seen {{ display: grid; gap: 1rem; min-width: 0; }}
.card {{ background: #fff; border: 1px solid var(--line); border-radius: 6px; padding: .9rem 1rem; min-width: 0; }}
.levers {{ position: sticky; top: 4.2rem; max-height: calc(100vh - 5.2rem); overflow-y: auto; }}
.row {{ display: flex; flex-wrap: wrap; align-items: center; gap: .4rem .8rem; }}
.quiet {{ color: var(--quiet); font-size: .86rem; }}
.problem {{ color: #9b2c00; font-weight: 600; }}
.dot {{ display: inline-block; width: .72rem; height: .72rem; border-radius: 50%; margin-right: .35rem;
        border: 1px solid #0003; vertical-align: -1px; flex: none; }}
.key {{ display: flex; flex-wrap: wrap; gap: .15rem .9rem; font-size: .86rem; min-height: 1.5em; }}
.chart {{ width: 100%; height: 330px; overflow: hidden; }}
.net {{ display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 1rem; }}
.net .chart {{ height: 430px; border: 1px solid var(--line); border-radius: 4px; }}
.net .small {{ height: 230px; border: 0; }}
.lever {{ padding: .55rem 0 .6rem; border-top: 1px solid #ececec; }}
.lever .name {{ font-weight: 600; }} .lever .unit {{ color: var(--quiet); font-weight: 400; }}
.lever .doc, .lever .facts {{ font-size: .82rem; color: var(--quiet); line-height: 1.35; }}
.one {{ display: grid; grid-template-columns: .9rem minmax(0, 1fr) 6.4rem; align-items: center; gap: .55rem;
        min-height: 40px; }}
.one .wide {{ grid-column: 2 / span 2; }}
.one .q-field__control, .one .q-field__marginal {{ height: 34px; min-height: 34px; }}
.arm {{ display: flex; align-items: center; gap: .3rem; margin-bottom: .35rem; }} .arm .q-select {{ flex: 1; }}
.nicegui-expansion p {{ margin: 0 0 .5rem; }}
.moved {{ font-size: .84rem; overflow-wrap: anywhere; }}
.moved .entry {{ display: flex; align-items: center; gap: .3rem; }}
.wide {{ overflow-x: auto; }}
.wide table {{ border-collapse: collapse; font-size: .86rem; font-variant-numeric: tabular-nums; width: 100%; }}
.wide th, .wide td {{ text-align: left; padding: .22rem .8rem .22rem 0; border-bottom: 1px solid #eee; }}
.wide .number {{ text-align: right; white-space: nowrap; }}
.books tbody tr:last-child td {{ font-weight: 700; border-top: 1px solid #999; }}
.verdict {{ border-left: 4px solid var(--second); background: #f4f8fb; padding: .5rem .8rem; margin: .5rem 0; }}
.verdict p {{ margin: .2rem 0; }} .verdict p:first-child {{ font-weight: 600; }}
.command {{ font: .84rem/1.4 ui-monospace, "DejaVu Sans Mono", Consolas, monospace; background: #f4f4f4;
            padding: .5rem .7rem; border-radius: 4px; overflow-wrap: anywhere; white-space: pre-wrap; }}
.q-notification .q-btn {{ color: #fff !important; }}
.q-btn {{ text-transform: none; }} .q-btn--outline:before {{ border-color: #b5b5b5; }}
.q-expansion-item .q-item {{ padding: .3rem .2rem; min-height: 40px; }}
.nicegui-expansion .q-expansion-item__content {{ padding: 0 .2rem .4rem !important; }}
.q-focusable:focus-visible, .q-btn:focus-visible {{ outline: 3px solid var(--second); outline-offset: 2px; }}
@media (max-width: 860px) {{
  .page {{ grid-template-columns: minmax(0, 1fr); padding: .6rem; gap: .7rem; }}
  .bar {{ position: static; }}
  .levers {{ position: static; max-height: none; order: 2; }} .seen {{ display: contents; }}
  .first {{ order: 1; }} .later {{ order: 3; }}
  .net {{ grid-template-columns: minmax(0, 1fr); }} .net .chart {{ height: 340px; }} .net .small {{ height: 210px; }}
  .chart {{ height: 280px; }} .bar {{ padding: .4rem .6rem; }} .top {{ padding: .6rem; }} .card {{ padding: .7rem; }}
}}
@media (prefers-reduced-motion: reduce) {{ * {{ animation: none !important; transition: none !important; }} }}
"""
