import Foundations
import Machine
import Synchronization
public import VirtualMemory

/// What is left of a thread's futexes at its end. Source: get_robust_list(2), set_tid_address(2).
extension FutexTable {
  /// More robust futexes than a thread may leave behind: the list is the program's, and may have no end. Source:
  /// `ROBUST_LIST_LIMIT` of linux/futex.h.
  private static var robustLimit: Int { 2048 }

  /// The size of `struct robust_list_head`, which set_robust_list(2) is to be told.
  public static var robustHeadByteCount: UInt64 { 24 }

  /// Says in each robust futex that `thread` holds that its owner has died, and wakes one that waits for it.
  ///
  /// - Context: the thread itself, with its memory `space` still there.
  public func releaseRobust(_ thread: FutexThread, in space: AddressSpace) {
    let head = thread.robustList.exchange(0, ordering: .relaxed)
    guard head != 0 else { return }
    // What is in the list is the program's word, and is believed no further than the program's own memory goes.
    try? walkRobust(head, thread, space)
  }

  private func walkRobust(_ head: UInt64, _ thread: FutexThread, _ space: AddressSpace) throws(Errno) {
    let offset = try UserPointer<UInt64>(head &+ 8).load()
    let pending = RobustEntry(try UserPointer<UInt64>(head &+ 16).load())
    var entry = RobustEntry(try UserPointer<UInt64>(head).load())
    var remaining = Self.robustLimit
    do throws(Errno) {
      while entry.address != head, remaining > 0 {
        // Read first: whoever is woken may take the entry out.
        let next = RobustEntry(try UserPointer<UInt64>(entry.address).load())
        if entry.address != pending.address { try release(entry, offset, thread, space, isPending: false) }
        entry = next
        remaining -= 1
      }
    } catch {
      // The list ends here; what was to be added to it or taken from it does not depend on that.
    }
    if pending.address != 0 { try release(pending, offset, thread, space, isPending: true) }
  }

  /// Releases the word of one entry.
  ///
  /// - Parameter isPending: whether the thread was about to take the futex or to release it, so that it may hold it or not.
  private func release(
    _ entry: RobustEntry, _ offset: UInt64, _ thread: FutexThread, _ space: AddressSpace, isPending: Bool
  ) throws(Errno) {
    let address = entry.address &+ offset
    var value = try UserMemory.load32(address)
    while true {
      let owner = value & OwnedFutex.ownerMask
      if isPending && !entry.hasInheritance && owner == 0 {
        // Released already, but whoever waits may not have been woken.
        return try wakeOne(address, space)
      }
      guard owner == thread.number else { return }
      let new = value & OwnedFutex.waitersBit | OwnedFutex.ownerDiedBit
      let found = try UserMemory.compareExchange32(address, expected: value, desired: new)
      if found == value { break }
      value = found
    }
    // Those with inheritance are handed over by `end`.
    if !entry.hasInheritance && value & OwnedFutex.waitersBit != 0 { try wakeOne(address, space) }
  }

  private func wakeOne(_ address: UInt64, _ space: AddressSpace) throws(Errno) {
    _ = try wake(FutexWord(address, in: space, .shared), limit: 1)
  }

  /// Clears the word at `address` and wakes one that waits there: `CLONE_CHILD_CLEARTID`.
  ///
  /// - Context: the thread that ends, with its memory `space` still there.
  public func clear(_ address: UInt64, in space: AddressSpace) {
    // As on Linux, an address that cannot be written is the program's affair.
    try? UserPointer<UInt32>(address).store(0)
    try? wakeOne(address, space)
  }
}

/// An entry of a list of robust futexes, as the program's pointer to it names it.
private struct RobustEntry {
  let address: UInt64
  /// Whether it is a futex with priority inheritance: the pointer's lowest bit.
  let hasInheritance: Bool

  init(_ pointer: UInt64) {
    address = pointer & ~1
    hasInheritance = pointer & 1 != 0
  }
}
