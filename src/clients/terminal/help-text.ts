/** The keys and commands, as `?` shows them; README has the same table. */
export const helpText = `Keys everywhere
  tab, shift tab     next view, the one before
  1 2 3 4 5          Chat, Sessions, Runs, Inbox, Schedules (not while writing)
  / or :             a command, see below
  ?                  this help
  ^C                 leave; what runs goes on
  ^L                 draw the screen again

Moving
  j k, arrows        line by line
  space b, PgDn PgUp page by page (^D ^U too)
  g G, home end      to the beginning, to the end

Chat
  enter              send; answer the open question
  y n                allow or deny what a run wants to do
  ^X                 cancel the run
  PgUp PgDn          scroll; up down: what was sent before
  ^A ^E ^U ^K ^W     edit the line
  esc                stop writing, so that letters are keys; i writes again

Runs, Schedules
  enter              the log, live
  a                  answer what the run asks
  p r c              pause, resume, cancel (d ends a schedule, x runs it now)
  s                  the run's session

Inbox
  enter              answer; l: the log

Log
  enter              the whole record
  G                  follow again; esc: back

Commands
  /new [bundle]      a new session, with that bundle
  /bundle name       who answers in the chat: name, name@version or name:flow
  /model prov/model  which model answers; /model alone: the default
  /session id        go on with a session
  /run bundle k=v    start a workflow and follow its log
  /log run           the log of a run
  /cancel            cancel what the chat runs
  /chat /sessions /runs /inbox /schedules
  /help /quit
`;
