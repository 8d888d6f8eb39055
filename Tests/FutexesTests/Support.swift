import Foundations
import Machine
import Scheduling
import Synchronization
import Testing
import VirtualMemory

import class Foundation.DispatchSemaphore
import class Foundation.Thread

@testable import Futexes

/// A program's memory with some words in it, and a table of futexes.
final class World {
  static let base: UInt64 = 0x4000_0000
  /// The same memory as the second page, elsewhere.
  static let alias: UInt64 = 0x5000_0000
  static let pageCount: UInt64 = 4

  let space: AddressSpace
  let table: FutexTable
  let threads = ThreadDirectory()

  /// The first page is private, the second shared, the third may only be read, the fourth is not there.
  init(bucketCount: Int = 64) throws(Errno) {
    space = try AddressSpace.make()
    table = try FutexTable(bucketCount: bucketCount)
    _ = try space.map(MapRequest(address: Self.base, byteCount: 4096, flags: [.private, .anonymous, .fixed]))
    let memory = SharedMemory(pageCount: 1)
    for address in [Self.base + 4096, Self.alias] {
      _ = try space.map(MapRequest(address: address, byteCount: 4096, flags: [.shared, .fixed], object: memory))
    }
    _ = try space.map(
      MapRequest(
        address: Self.base + 8192, byteCount: 4096, protection: .read, flags: [.private, .anonymous, .fixed]))
    space.activate()
    // Touched before there are threads: the host has one CPU's caches for all of them.
    for address in [Self.base, Self.base + 4096, Self.alias] { try UserPointer<UInt32>(address).store(0) }
    _ = try UserMemory.load32(Self.base + 8192)
  }

  /// Ends it. Threads that end may still hold it for a moment, when the machine is another test's already.
  func close() {
    CurrentAddressSpace.leave()
    space.tearDown()
  }

  func word(_ index: UInt64, _ sharing: FutexWord.Sharing = .private) throws(Errno) -> FutexWord {
    try FutexWord(Self.base + 4 * index, in: space, sharing)
  }

  func value(_ index: UInt64) -> UInt32 { (try? UserMemory.load32(Self.base + 4 * index)) ?? 0xdead_beef }

  func set(_ index: UInt64, _ value: UInt32) { try? UserPointer<UInt32>(Self.base + 4 * index).store(value) }

  /// Adds to a word as a program's atomic instruction would, and returns what it was.
  @discardableResult
  func add(_ index: UInt64, _ number: UInt32) -> UInt32 {
    var old = value(index)
    while true {
      let found = exchange(index, old, old &+ number)
      if found == old { return old }
      old = found
    }
  }

  func exchange(_ index: UInt64, _ expected: UInt32, _ desired: UInt32) -> UInt32 {
    let address = Self.base + 4 * index
    return (try? UserMemory.compareExchange32(address, expected: expected, desired: desired)) ?? 0xdead_beef
  }

  /// Replaces a word as a program's exchange would.
  func swap(_ index: UInt64, _ new: UInt32) -> UInt32 {
    var old = value(index)
    while true {
      let found = exchange(index, old, new)
      if found == old { return old }
      old = found
    }
  }

  /// How many wait at all.
  var population: Int {
    var sum = 0
    for index in 0..<table.buckets.count { sum += table.buckets[index].population.load(ordering: .relaxed) }
    return sum
  }

  /// Waits until `count` wait.
  func waitForPopulation(_ count: Int) {
    while population != count { HostThread.yield() }
  }
}

/// A number that only the holder of a lock changes.
final class Tally { var count = 0 }

func withWorld<Result>(bucketCount: Int = 64, _ body: (World) throws -> Result) throws -> Result {
  try SimulatedMemory.exclusive {
    let world = try World(bucketCount: bucketCount)
    defer { world.close() }
    return try body(world)
  }
}

/// A thread of a test's.
final class TestThread: FutexThread {
  private let identifier: UInt32
  private let own: Urgency
  private let borrowed = SpinLock(Urgency.none)

  init(_ number: UInt32, _ urgency: Urgency = .fair(.normal)) {
    identifier = number
    own = urgency
    super.init()
  }

  override var number: UInt32 { identifier }
  override var urgency: Urgency { min(own, lentNow) }
  override func lend(_ urgency: Urgency) { borrowed.withLock { $0 = urgency } }

  var lentNow: Urgency { borrowed.withLock { $0 } }
}

/// The threads of a test, by number.
final class ThreadDirectory: FutexThreads {
  private let all = SpinLock([TestThread]())

  override func thread(numbered number: UInt32) -> FutexThread? {
    all.withLock { all in all.first { $0.number == number } }
  }

  func make(_ number: UInt32, _ urgency: Urgency = .fair(.normal)) -> TestThread {
    let thread = TestThread(number, urgency)
    all.withLock { $0.append(thread) }
    return thread
  }

  func remove(_ number: UInt32) { all.withLock { all in all.removeAll { $0.number == number } } }
}
