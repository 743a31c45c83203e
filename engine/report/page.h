// Runs on one page to look at: curves, tables, and the commands that repeat them. The page is one HTML file
// and asks for no other.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace innerloop {

/// The page about the runs in these folders, of which there is at least one. The same files give the same
/// page.
/// @throws InputError as read_recorded_run.
std::string report_page(const std::vector<std::filesystem::path>& folders);

}  // namespace innerloop
