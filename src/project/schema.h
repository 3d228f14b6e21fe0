/*
 * schema: every key that a project file may have, what it says and whether it is in force.
 *
 * The one list: the check, the messages and the reference for users are made from it.
 */
#pragma once
#include "project/shape.h"

extern const mw_shape mw_project_schema;
