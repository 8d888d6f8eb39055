extension InterruptSpec {
  /// The vectors for which the processor pushes an error code. Source: Intel SDM vol. 3A, table 6-1; AMD APM vol. 2, 8.2.
  static let vectorsWithErrorCode: Set<Int> = [8, 10, 11, 12, 13, 14, 17, 21, 29, 30]

  /// Exceptions that can arrive while the stack pointer cannot be trusted, and so need a stack of their own: NMI and machine check
  /// hit between SYSCALL and the switch of stacks, and a double fault often means that the stack is gone.
  static let vectorsThatNeedStack: Set<Int> = [2, 8, 18]

  /// Reports gaps, overlaps, duplicates, and what contradicts the processor.
  public func check(_ context: inout CheckContext) {
    checkCoverage(&context)
    context.reportDuplicates(of: "identifier", in: vectors.map(\.identifier))
    context.reportDuplicates(of: "name", in: vectors.map(\.name))
    context.reportDuplicates(of: "mnemonic", in: vectors.compactMap(\.mnemonic))
    context.reportDuplicates(of: "line", in: vectors.compactMap(\.line))
    let ownStacks = vectors.compactMap(\.ist).filter { $0.value != 0 }
    // In the order in which they stand in the file.
    context.reportDuplicates(of: "IST index", in: (stacks.map { [$0.arrivals, $0.exhausted] } ?? []) + ownStacks)
    for entry in vectors {
      checkOrigin(entry, &context)
      checkFrame(entry, &context)
      SwiftName.check(entry.identifier, &context)
    }
  }

  private func checkCoverage(_ context: inout CheckContext) {
    var next = 0
    for (index, entry) in vectors.enumerated() {
      let (first, last) = (entry.first, entry.last)
      if last.value < first.value {
        context.report(
          last, "the range runs backwards from \(first.value) to \(last.value)", "write [\(last.value), \(first.value)]"
        )
        continue
      }
      if entry.isRange, first.value == last.value {
        context.report(last, "the range holds one vector", "write \"vector\": \(first.value) instead of \"vectors\"")
      }
      if first.value < next {
        if let earlier = vectors[..<index].first(where: { $0.range.overlaps(entry.range) }) {
          let vector = max(earlier.range.lowerBound, first.value)
          context.report(
            first,
            "vector \(vector) is already taken by \(earlier.path) (\(earlier.name.value)) on line \(earlier.position.line)",
            next < 256 ? "give each vector one entry; the next free one is \(next)" : "give each vector one entry")
        } else {
          context.report(first, "vector \(first.value) comes after vector \(next - 1)", "list the vectors in order")
        }
      } else if first.value > next {
        let gap = next == first.value - 1 ? "vector \(next) has" : "vectors \(next) to \(first.value - 1) have"
        context.report(first, "\(gap) no entry", "add one before this: all of 0...255 must be described")
      }
      next = max(next, last.value + 1)
    }
    if next <= 255, let last = vectors.last {
      let gap = next == 255 ? "vector 255 has" : "vectors \(next) to 255 have"
      context.report(last.last, "\(gap) no entry", "add one after this: all of 0...255 must be described")
    }
  }

  private func checkOrigin(_ entry: Entry, _ context: inout CheckContext) {
    let isException = entry.range.lowerBound < 32
    if isException != (entry.origin.value == .processor) {
      let rule =
        isException ? "vectors 0 to 31 belong to the processor" : "only vectors 0 to 31 belong to the processor"
      context.report(
        entry.origin,
        "vector \(entry.first.value) cannot come from \(entry.origin.value.rawValue.debugDescription): \(rule)",
        isException
          ? "write \"processor\"" : "write \"line\", \"message\", \"interprocessor\", \"localAPIC\" or \"none\"")
    }
    if let line = entry.line, entry.range != (32 + line.value)...(32 + line.value) {
      context.report(
        line, "line \(line.value) does not belong to vector \(entry.first.value)", "give line n the vector 32 + n")
    }
    if entry.identifier.value == "spurious", entry.first.value & 0xF != 0xF {
      context.report(
        entry.first, "the spurious vector \(entry.first.value) does not end in hexadecimal F",
        "use 255: older local APICs fix its low four bits to ones")
    }
  }

  private func checkFrame(_ entry: Entry, _ context: inout CheckContext) {
    if let errorCode = entry.errorCode {
      let wrong = entry.range.first { Self.vectorsWithErrorCode.contains($0) != errorCode.value }
      if let wrong {
        context.report(
          errorCode, "the processor pushes \(errorCode.value ? "no" : "an") error code for vector \(wrong)",
          "write \(!errorCode.value): the stub must leave the same frame for every vector")
      } else if errorCode.value, let level = entry.dpl, level.value == 3 {
        context.report(
          level, "user mode could raise vector \(entry.first.value) with INT n, which pushes no error code", "write 0")
      }
    }
    if let vector = entry.range.first(where: Self.vectorsThatNeedStack.contains), entry.stackIndex == 0,
      let ist = entry.ist
    {
      context.report(
        ist, "vector \(vector) can arrive on a stack that cannot be used", "give it an IST index of 1...7 of its own")
    }
    if entry.isRange, let ist = entry.ist, ist.value != 0 {
      context.report(
        ist, "several vectors would share the stack \(ist.value)", "write 0: one would overwrite the frame of another")
    }
  }
}
