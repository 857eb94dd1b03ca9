// SPDX-License-Identifier: MIT
/*
 * verbs.h -- the verbs, one file each.
 */
#ifndef TOOL_VERBS_H
#define TOOL_VERBS_H

#include "tool/tool.h"

extern const struct tool_verb verb_explain, verb_repro, verb_run, verb_encode, verb_decode,
	verb_minimize, verb_import, verb_dict, verb_vacuity, verb_determinism, verb_serve, verb_ctl,
	verb_record, verb_reports, verb_redir_peer, verb_known;

#endif
