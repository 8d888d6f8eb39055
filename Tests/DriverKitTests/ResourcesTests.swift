import Foundations
import Machine
import Testing

@testable import DriverKit

@Suite("What a driver has given the kernel", .serialized)
struct ResourcesTests {
  /// Which publications were withdrawn, in order.
  private final class Withdrawals { var numbers: [Int] = [] }

  private final class Numbered: Publication {
    let number: Int
    let withdrawals: Withdrawals
    let isLasting: Bool
    let isOfDriver: Bool

    init(_ number: Int, _ withdrawals: Withdrawals, isLasting: Bool = false, isOfDriver: Bool = false) {
      (self.number, self.withdrawals, self.isLasting) = (number, withdrawals, isLasting)
      self.isOfDriver = isOfDriver
      super.init()
    }

    override var outlivesDriver: Bool { !isOfDriver }

    override func withdraw() { withdrawals.numbers.append(number) }
    override func continues(as successor: Publication) -> Bool {
      isLasting && (successor as? Numbered)?.isLasting == true
    }
  }

  private func makeContext() -> DriverContext {
    DriverContext(DeviceNode("test", .platform, .platform("test")), DriverSignals())
  }

  @Test("It is withdrawn the last first, also what drivers before have left")
  func order() throws {
    let withdrawals = Withdrawals()
    let resources = DriverResources()
    for number in 0..<3 { _ = try resources.add(Numbered(number, withdrawals)) }
    resources.keepPublications()
    for number in 3..<5 { _ = try resources.add(Numbered(number, withdrawals)) }
    resources.keepPublications()
    #expect(withdrawals.numbers == [])
    resources.withdrawInherited()
    #expect(withdrawals.numbers == [4, 3, 2, 1, 0])
  }

  @Test("What hangs on a driver goes with it, before the next one begins")
  func parts() throws {
    let withdrawals = Withdrawals()
    let resources = DriverResources()
    _ = try resources.add(Numbered(0, withdrawals))
    _ = try resources.add(Numbered(1, withdrawals, isOfDriver: true))
    _ = try resources.add(Numbered(2, withdrawals))
    resources.keepPublications()
    #expect(withdrawals.numbers == [1])
    resources.withdrawInherited()
    #expect(withdrawals.numbers == [1, 2, 0])
  }

  @Test("What cannot be put on record is taken back, and what a driver before has left is not lost")
  func shortage() throws {
    try SimulatedMemory.exclusive {
      defer { AllocationFaults.fail(after: nil) }
      let withdrawals = Withdrawals()
      let context = makeContext()
      AllocationFaults.fail(after: 0)
      #expect(throws: Errno.ENOMEM) { try context.publish { () throws(Errno) in Numbered(0, withdrawals) } }
      AllocationFaults.fail(after: nil)
      #expect(withdrawals.numbers == [0])

      _ = try context.publish { () throws(Errno) in Numbered(1, withdrawals, isLasting: true) }
      context.resources.keepPublications()
      // As many as there is room for.
      for number in 2..<6 { _ = try context.publish { () throws(Errno) in Numbered(number, withdrawals) } }
      AllocationFaults.fail(after: 0)
      #expect(throws: Errno.ENOMEM) {
        try context.publish { () throws(Errno) in Numbered(6, withdrawals, isLasting: true) }
      }
      AllocationFaults.fail(after: nil)
      #expect(withdrawals.numbers == [0, 6])
      let kept = try context.publish { () throws(Errno) in Numbered(7, withdrawals, isLasting: true) }
      #expect((kept as? Numbered)?.number == 1)
      context.resources.withdrawPublications()
      #expect(withdrawals.numbers == [0, 6, 1, 5, 4, 3, 2])
    }
  }
}
