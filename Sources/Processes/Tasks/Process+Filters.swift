import Foundations
import Machine
public import Security
import Synchronization

/// Filters of calls. Source: seccomp(2).
extension Process {
  /// Whose calls a new filter decides about.
  public enum FilterExtent: Sendable {
    /// Those of one task.
    case task
    /// Those of all tasks, if they have no filters but those that the task has.
    case process
  }

  /// Why a filter cannot be for all tasks.
  public struct FilterConflict: Error {
    /// The number of a task that has another filter.
    public let number: Int32
  }

  /// Makes `filter` decide about the calls of `task`, and perhaps of the others: they have `work` done with their calls then, and
  /// gain no rights by execve any more if `task` does not.
  ///
  /// - Parameter former: what `task` had, which `filter` decides besides.
  /// - Throws: when another task has another filter; nothing has changed.
  /// - Context: `task` itself.
  public func filterCalls(
    of task: Task, by filter: CallFilter, besides former: CallFilter?, _ extent: FilterExtent, work: UInt32
  ) throws(FilterConflict) {
    try state.withLock { state throws(FilterConflict) in
      if extent == .process {
        for index in 0..<state.tasks.count {
          let other = state.tasks[index]
          let others = other.callFilter
          let isOlder = others.map { former?.includes($0) ?? false } ?? true
          guard other === task || isOlder else { throw FilterConflict(number: other.threadIdentifier) }
        }
      }
      let gainsNothing = task.hasNoNewPrivileges.load(ordering: .relaxed)
      for index in 0..<state.tasks.count where extent == .process || state.tasks[index] === task {
        let each = state.tasks[index]
        if gainsNothing { each.hasNoNewPrivileges.store(true, ordering: .relaxed) }
        each.setCallFilter(filter)
        each.callWork.bitwiseOr(work, ordering: .sequentiallyConsistent)
      }
    }
  }
}
