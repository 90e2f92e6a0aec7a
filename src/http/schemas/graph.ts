import { Type as t } from "@sinclair/typebox";
import { anyValue, count, flag, jsonObject, nullable, optionalText, text, textOrNull } from "#http/schemas/fields.ts";

const optionalNumber = (description: string) => t.Optional(nullable(t.Number(), description));

/** Whose part of the graph is meant; in every request. */
const whose = {
  scope: t.String({ default: "session", description: "`run`, `session`, `global` or `all`." }),
  run_id: optionalText("Run whose owner, or whose session's owner, is meant."),
  session_id: optionalText("Session that is meant."),
  owner_id: optionalText("Owner by its id, instead of a run or session; not with scope `all`."),
};

export const KgQueryRequest = t.Object(
  {
    ...whose,
    all_owners: t.Boolean({ default: false, description: "Of every owner in the scope." }),
    subject: optionalText("Exact subject, whatever its case."),
    predicate: optionalText("Exact predicate."),
    object: optionalText("Exact object, whatever its case."),
    since: optionalText("Observed at this ISO time or later."),
    until: optionalText("Observed at this ISO time or earlier."),
    active_at: optionalText("What held at this ISO time."),
    query_text: optionalText("A question in words."),
    ranking: t.String({
      default: "semantic",
      description: "`semantic` (by meaning), `words`, or `hybrid` (both and recency).",
    }),
    min_score: optionalNumber("Smallest score, with `query_text`."),
    limit: t.Integer({ default: 500, minimum: -1, maximum: 10_000, description: "At most so many; 0 or less: all." }),
    order: t.String({
      default: "desc",
      description: "`asc` or `desc` by time; with `query_text` the best come first.",
    }),
    include_invalidated: t.Boolean({ default: false, description: "Also what was invalidated." }),
  },
  { $id: "KgQueryRequest", description: "A question to the knowledge graph." },
);

const AssertionJson = t.Object(
  {
    assertion_id: text("Id of the assertion."),
    subject: text("Subject, in lower case."),
    predicate: text("Predicate, in lower case."),
    object: text("Object; the object of a literal as it was written."),
    scope: text("`run`, `session` or `global`."),
    owner_id: t.Optional(t.String({ description: "Whose it is." })),
    observed_at: text("When it was observed."),
    valid_from: t.Optional(t.String({ description: "True from here on." })),
    valid_until: t.Optional(t.String({ description: "True until here." })),
    confidence: t.Optional(t.Number({ description: "0 to 1." })),
    provenance: t.Optional(jsonObject("Run, workflow, node and step that wrote it.")),
    attributes: t.Optional(jsonObject("What else is known; `_retrieval` says how it was found, score by score.")),
    invalidated_at: t.Optional(t.String({ description: "When somebody said that it no longer holds." })),
    retracted_at: t.Optional(t.String({ description: "When the run that wrote it was undone." })),
  },
  { $id: "Assertion", description: "A fact of the knowledge graph. Fields that are null are absent." },
);

const warnings = t.Union([t.Array(t.String()), t.Null()], { description: "What one should know of the answer." });

export const KgQueryReply = t.Object(
  {
    ok: flag("True."),
    scope: text("Scope of the answer."),
    owner_id: textOrNull("Owner, when there is one."),
    count: count("Number of assertions."),
    items: t.Array(AssertionJson, { description: "The assertions." }),
    warnings,
    store: t.Object(
      {
        backend: text("`lancedb`, `sqlite` or `memory`."),
        path: textOrNull("Where its index lies."),
        require_vector: flag("False: words are searched where there are no vectors."),
        capabilities: jsonObject("What can be asked."),
      },
      { description: "What answered." },
    ),
  },
  { $id: "KgQueryReply", description: "Assertions." },
);

export const KgAssertRequest = t.Object(
  {
    ...whose,
    assertions: t.Array(anyValue("A triple."), {
      description: "Triples: `subject`, `predicate`, `object`, and what else is known.",
    }),
    attributes_defaults: t.Optional(jsonObject("Attributes of each of them.")),
    allow_custom_predicates: t.Boolean({ default: false, description: "Allow predicates `ex:*` of your own." }),
    dedupe: t.Boolean({ default: true, description: "Leave out what the graph holds already." }),
  },
  { $id: "KgAssertRequest", description: "Facts for the knowledge graph." },
);

export const KgAssertReply = t.Object(
  {
    ok: flag("True."),
    count: count("Assertions that were written."),
    assertion_ids: t.Array(t.String(), { description: "Their ids, in order." }),
    count_attempted: count("Assertions of the request."),
    skipped_duplicates: count("Assertions that were there already."),
  },
  { $id: "KgAssertReply", description: "What was written." },
);

export const KgInvalidateRequest = t.Object(
  {
    assertion_ids: t.Array(t.String(), { description: "What no longer holds." }),
    valid_until: optionalText("Since when, an ISO time; now when absent."),
    reason: optionalText("For people."),
  },
  { $id: "KgInvalidateRequest", description: "Assertions that no longer hold." },
);

export const KgUndoRequest = t.Object(
  {
    run_id: text("Run whose assertions are taken back."),
    include_subruns: t.Boolean({ default: true, description: "Those of the runs below it too." }),
    reason: optionalText("For people."),
  },
  { $id: "KgUndoRequest", description: "Take back what a run wrote." },
);

export const KgChanged = t.Object(
  { ok: flag("True."), count: count("Assertions that were changed.") },
  { $id: "KgChanged", description: "How many assertions were changed." },
);

export const KgResolveRequest = t.Object(
  {
    ...whose,
    label: text("A name."),
    expected_type: optionalText("Type that it must have."),
    max_candidates: t.Integer({ default: 5, minimum: 1, maximum: 50, description: "At most so many." }),
    min_score: optionalNumber("Smallest score of what is found by meaning."),
    include_semantic: t.Optional(
      nullable(t.Boolean(), "Always or never by meaning; when absent, where no name matches."),
    ),
  },
  { $id: "KgResolveRequest", description: "A name whose thing is looked for." },
);

export const KgResolveReply = t.Object(
  {
    ok: flag("True."),
    count: count("Number of candidates."),
    candidates: t.Array(jsonObject("`id`, `label`, `types`, `score`, `evidence`."), { description: "Best first." }),
    warnings,
  },
  { $id: "KgResolveReply", description: "Things that a name may mean." },
);

export const KgNeighborsRequest = t.Object(
  {
    ...whose,
    id: text("Thing where to begin."),
    depth: t.Integer({ default: 1, minimum: 1, maximum: 3, description: "So many steps." }),
    limit: t.Integer({ default: 200, minimum: 1, maximum: 2000, description: "Assertions at most." }),
    active_at: optionalText("What held at this ISO time."),
  },
  { $id: "KgNeighborsRequest", description: "The neighbourhood of a thing." },
);

export const KgNeighborsReply = t.Object(
  {
    ok: flag("True."),
    id: text("Thing where it begins."),
    nodes: t.Array(jsonObject("`id` and its `distance` in steps."), { description: "Things, nearest first." }),
    edges: t.Array(AssertionJson, { description: "What connects them." }),
    truncated: flag("There is more than `limit`."),
    warnings,
  },
  { $id: "KgNeighborsReply", description: "Things around a thing." },
);

export const KgAssertionReply = t.Object(
  {
    ok: flag("True."),
    assertion: AssertionJson,
    written_by: nullable(
      t.Object({
        run_id: text("Run that wrote it."),
        workflow_id: textOrNull("Its workflow."),
        node_id: textOrNull("Node that wrote it."),
        step_id: textOrNull("Step that wrote it."),
        cursor: nullable(count("Place of the step in the run's ledger."), "Null when the run is gone."),
      }),
      "Null for what was not written by a run.",
    ),
  },
  { $id: "KgAssertionReply", description: "An assertion and who wrote it." },
);

export const KgExportQuery = t.Object({
  scope: t.String({ default: "", description: "`run`, `session` or `global`; all when absent." }),
  owner_id: t.String({ default: "", description: "Whose; everybody's in the scope when absent." }),
  include_invalidated: t.Boolean({ default: false, description: "Also what was invalidated." }),
});

export const KgExport = t.String({ $id: "KgExport", description: "An assertion per line, as JSON." });

export const KgImportRequest = t.Object(
  { assertions: t.Array(anyValue("As exported."), { description: "Assertions with their scopes and owners." }) },
  { $id: "KgImportRequest", description: "Assertions that were exported elsewhere." },
);

export const Semantics = t.Object(
  {},
  { $id: "Semantics", additionalProperties: true, description: "Predicates and types." },
);
