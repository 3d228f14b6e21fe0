/*
 * feature_suggest: windows that the model does not have, by what they would add on later data.
 *
 * Time is cut in four. A version learns from the first part; what it lacks is fitted on the second,
 * window by window, and judged on the third (stat/selection.h). On the last, which had no part in
 * the choice, a version with the chosen windows is set beside one without.
 */
#pragma once
#include "cli/command.h"

mw_status mw_cli_features_suggest(mw_cli *cli, mw_error *err);
