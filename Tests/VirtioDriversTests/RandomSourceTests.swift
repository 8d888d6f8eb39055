import DeviceFiles
import Foundations
import Machine
import Testing
import VFS

@testable import DriverKit
@testable import VirtioDrivers

@Suite("The choice among sources of random numbers", .serialized)
struct RandomSourceTests {
  /// A choice that assertions may ask.
  private final class Holder {
    var choice = RandomChoice()
    func add(_ quality: UInt16) throws(Errno) -> RandomSource {
      let source = try RandomSource(NotingLink())
      try choice.add(source, quality: quality)
      return source
    }
  }

  @Test("The best is current, of equals the oldest, and one that comes takes over only if it is better")
  func best() throws {
    try World.run { _ in
      let holder = Holder()
      #expect(holder.choice.current == nil && holder.choice.quality == nil)
      let first = try holder.add(1_000)
      #expect(holder.choice.current === first)
      let second = try holder.add(1_000)
      #expect(holder.choice.current === first && holder.choice.count == 2)
      let third = try holder.add(1_024)
      #expect(holder.choice.current === third && holder.choice.quality == 1_024 && !holder.choice.isChosen)
      holder.choice.remove(third)
      #expect(holder.choice.current === first)
      holder.choice.remove(first)
      #expect(holder.choice.current === second)
      holder.choice.remove(first)
      holder.choice.remove(second)
      #expect(holder.choice.current == nil && holder.choice.count == 0)
    }
  }

  @Test("What a program has chosen stays until it goes, is put back or is rated")
  func chosen() throws {
    try World.run { _ in
      let holder = Holder()
      let (first, second) = (try holder.add(900), try holder.add(800))
      try holder.choice.choose(second)
      #expect(holder.choice.current === second && holder.choice.isChosen)
      let third = try holder.add(1_024)
      #expect(holder.choice.current === second)
      // One before it goes: it is still the one.
      holder.choice.remove(first)
      #expect(holder.choice.current === second && holder.choice.isChosen)
      holder.choice.remove(second)
      #expect(holder.choice.current === third && !holder.choice.isChosen)
      #expect(throws: Errno.ENODEV) { try holder.choice.choose(second) }
      let fourth = try holder.add(10)
      try holder.choice.choose(fourth)
      holder.choice.chooseBest()
      #expect(holder.choice.current === third && !holder.choice.isChosen)
      try holder.choice.choose(fourth)
      try holder.choice.setQuality(20)
      #expect(holder.choice.current === third && !holder.choice.isChosen)
      try holder.choice.setQuality(5)
      #expect(holder.choice.current === fourth && holder.choice.quality == 20)
    }
  }

  @Test("Without a source there is nothing to rate")
  func nothing() {
    let holder = Holder()
    #expect(throws: Errno.ENODEV) { try holder.choice.setQuality(1) }
    holder.choice.chooseBest()
    #expect(holder.choice.current == nil)
  }
}
