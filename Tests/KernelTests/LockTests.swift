import Foundations
import Machine

enum LockTests {
  private static let counter = SpinLock(0)
  private static let cell = BootCell<SpinLock<Int>>()

  static func register(_ registrar: inout TestRegistrar) {
    registrar.test("lock.owns-its-value") { () throws(TestFailure) in
      let start = counter.withLock { $0 }
      for _ in 0..<1_000 { counter.withLock { $0 += 1 } }
      let end = counter.withLock { $0 }
      try expect(end == start + 1_000, "\(end) after 1000 increments of \(start)")
    }
    registrar.test("lock.is-not-recursive") { () throws(TestFailure) in
      let inner: Int?? = counter.withLock { _ in counter.withLockIfAvailable(attempts: 100) { $0 } }
      try expect(inner == .some(nil), "a held lock was taken again")
      let after: Int? = counter.withLockIfAvailable { $0 }
      try expect(after != nil, "the lock stayed held")
    }
    registrar.test("lock.cell-is-filled-once") { () throws(TestFailure) in
      let first = cell.fill(SpinLock(7))
      let second = cell.fill(SpinLock(8))
      let value = cell.withValue { lock in lock.withLock { $0 } }
      try expect(first && !second && value == 7, "the cell holds \(value ?? -1)")
    }
  }
}
