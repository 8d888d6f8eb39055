public import Foundations
import Machine
public import VirtualMemory

/// What a futex is known by, so that all who mean the same word meet: a program's own address, or a place in shared memory.
public struct FutexKey: Equatable, Sendable {
  /// Whose the place is: an address space, or what is behind shared memory. The lowest bit tells which.
  let owner: UInt64
  /// The address, or the offset.
  let place: UInt64
}

/// A futex, as a call names it: a word in the memory of the program that calls. Source: futex(2).
public struct FutexWord: Sendable {
  /// Who may mean the same word.
  public enum Sharing: Sendable {
    /// Threads with this address space only. FUTEX_PRIVATE_FLAG.
    case `private`
    /// Whoever has the memory.
    case shared
  }

  /// Where the word is, a multiple of four.
  public let address: UInt64
  /// What the futex is known by.
  public let key: FutexKey

  /// Finds out which futex is meant by the word at `address`.
  ///
  /// - Throws: `EINVAL` for an address that is no multiple of four; `EFAULT` for one that is no program's or, of a shared word,
  ///   where nothing is mapped.
  @inline(__always)
  public init(_ address: UInt64, in space: AddressSpace, _ sharing: Sharing) throws(Errno) {
    guard address & 3 == 0 else { throw .EINVAL }
    guard UserSpace.contains(address, byteCount: 4) else { throw .EFAULT }
    self.address = address
    switch sharing {
    case .private: key = FutexKey(owner: space.identifier << 1, place: address)
    case .shared: key = try Self.sharedKey(address, space)
    }
  }

  @inline(never)
  private static func sharedKey(_ address: UInt64, _ space: AddressSpace) throws(Errno) -> FutexKey {
    guard let place = try space.sharedPlace(of: address) else {
      return FutexKey(owner: space.identifier << 1, place: address)
    }
    return FutexKey(owner: place.object << 1 | 1, place: place.offset)
  }

  // MARK: The word

  /// What the word is now; nil when the page is not there at once.
  ///
  /// - Context: under a spin lock.
  @inline(__always)
  func presentValue() -> UInt32? {
    do throws(Errno) {
      return try UserMemory.withoutFaults { () throws(Errno) in try UserMemory.load32(address) }
    } catch {
      return nil
    }
  }

  /// Stores `desired` if the word is `expected`, and returns what it was; nil when the page is not there at once.
  ///
  /// - Context: under a spin lock.
  @inline(__always)
  func exchange(_ expected: UInt32, for desired: UInt32) -> UInt32? {
    do throws(Errno) {
      return try UserMemory.withoutFaults { () throws(Errno) in
        try UserMemory.compareExchange32(address, expected: expected, desired: desired)
      }
    } catch {
      return nil
    }
  }

  /// Makes the page be there, to be read.
  ///
  /// - Throws: `EFAULT`.
  /// - Context: no lock is held.
  func makePresent() throws(Errno) { _ = try UserMemory.load32(address) }

  /// Makes the page be there, to be written.
  ///
  /// - Throws: `EFAULT`.
  /// - Context: no lock is held.
  func makeWritable() throws(Errno) {
    // Writes nothing that was not there.
    _ = try UserMemory.compareExchange32(address, expected: 0, desired: 0)
  }
}
