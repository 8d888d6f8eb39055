import Machine
/// Numbers of tasks.
extension ProcessTree {
  /// Makes the number of `task`, which `makeIdentifier` gave, lead to it.
  func add(_ task: Task) {
    state.withLock { _ in task.identifier.task = task }
  }

  /// Takes a task that has ended out; its number is free when it names nothing else.
  func remove(_ task: Task) {
    let old = state.withLock { state in
      let identifier = task.identifier
      identifier.otherUses -= 1
      var old: Task?
      if identifier.task === task { old = identifier.task.take() }
      state.identifiers.releaseIfUnused(identifier)
      return old
    }
    _ = consume old
  }

  /// Gives `task`, the only one of its process, the number of the process. Source: execve(2).
  func makeLeader(_ task: Task) {
    state.withLock { state in
      let (old, new) = (task.identifier, task.process.identifier)
      guard old !== new else { return }
      new.otherUses += 1
      new.task = task
      task.takeNumber(new)
      old.otherUses -= 1
      old.task = nil
      state.identifiers.releaseIfUnused(old)
    }
  }

  /// The task with `number`; nil when there is none that has not ended.
  public func task(_ number: Int32) -> Task? {
    state.withLock { $0.identifiers.find(number)?.task }
  }
}
