// All cases, file by file.
#include "tests/support/operation_cases/cases.h"

namespace innerloop {

std::vector<OperationCase> operation_cases(CaseSize size) {
  std::vector<OperationCase> all;
  for (const auto cases_of : {cases::inner, cases::steps, cases::outer, cases::memories, cases::passes,
                              cases::trials, cases::critics, cases::environments})
    for (OperationCase& made : cases_of(size)) all.push_back(std::move(made));
  return all;
}

}  // namespace innerloop
