"""The dashboard: pages that every front end serves below /dashboard, kept up to date while anybody looks.

How to add a page:

1. A module in `pages/`. It names its pages, `PAGES = (Page(path="/orphans", role=Role.VIEW, answer=show,
   title="Orphans"),)`: the path below /dashboard, the role that it asks for (refused before `answer` is called, by the
   same table as at the API), and the word in the navigation, if it is to stand there. `answer` is a coroutine that gets
   a `Visit`: `visit.here` is the front end's context, `visit.path` and `visit.query` what the address says,
   `await visit.may(role)` what to leave out; it returns `visit.page("orphans.html.j2", orphans=…)` or
   `visit.go("/orphans")`. What blocks goes through `visit.here.in_thread`. Errors of ours become pages by themselves.
2. Its template in `templates/`, which extends `frame.html.j2` and fills the blocks `title` and `main`. All that is put
   in is escaped. Neither styles nor scripts may stand in a page (they go into `static/`), nor attributes `style=` and
   `on…=`. `parts.html.j2` has what pages share: `empty`, `problem`, `state`, `form_token`; the filters `amount`,
   `span`, `instant` and `age` write numbers and times; the classes `card`, `figures`, `wide`, `faint` are in `app.css`.
3. A form posts to a `Page` with `takes="word_for_the_audit_log"`; it holds `{{ parts.form_token(form_token) }}`. Then
   `visit.form` has its fields; `answer` is not called for a form of another site, session or role.
4. What has to keep itself up to date is a `Section(name="orphans", role=…, render=…)` in `SECTIONS` of the page's
   module: `render` returns HTML from a `Look` (the scene; `look.here` for more, it may block). The page shows it the
   first time by `await visit.section("orphans", argument)`, within an element with `data-live="orphans:argument"`, in
   which `static/app.js` puts what is new. The same HTML as before is not sent again, so write ages by the filter `age`.
5. What is done is done by `await visit.do("POST", path, body)`, and asked by `await visit.ask(path)`: the API of this
   front end, in the name of whoever looks. Its refusal becomes a page by itself, or is caught as `ApiRefused`.
6. Both are entered in `pages/registry.py`, and the page in docs/how-to/look-at-a-pair.md
   or act-from-the-dashboard.md.

What others may use is named here.
"""

from twinpool_services.dashboard.app import create_dashboard

__all__ = ["create_dashboard"]
