// An outline as a JSON Schema for editors and as a page for people.
#pragma once

#include <string>

#include "engine/options/json.h"
#include "engine/options/outline.h"

namespace innerloop {

/// A JSON Schema of that title, draft 2020-12, that accepts what check_options accepts.
Json schema_of(const OptionGroup& root, const std::string& title);

/// Markdown: a table for the plain options of the root, then a section for each group.
std::string markdown_of(const OptionGroup& root);

}  // namespace innerloop
