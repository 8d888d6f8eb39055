import Boot

/// The allocator behind Swift's own allocations until the slabs take over: a first-fit list of free blocks in address order.
///
/// Blocks are multiples of 16 bytes with a 16-byte header in front of what the caller gets, and neighbours join when freed.
/// It serves boot, where allocations are few; searching is linear in the number of free blocks.
struct EarlyHeap: ~Copyable {
  /// Stands in front of every block. `next` is the next free block's address, or `inUseMark` while the block is in use.
  private struct Header {
    var size: UInt
    var next: UInt
  }

  private static let unit = UInt(MemoryLayout<Header>.size)
  /// Not a multiple of 16, so no block can have it as its address.
  private static let inUseMark: UInt = 0x5afe_a110_c8ed_b10d

  private var firstFree: UInt = 0
  /// Bytes given out now, headers included.
  private(set) var usedByteCount = 0
  /// Bytes added in all.
  private(set) var totalByteCount = 0

  init() {}

  /// Gives the heap memory to hand out.
  ///
  /// - Precondition (by Machine): `start..<start + count` is mapped, writable and nobody else's.
  mutating func add(start: UInt, count: UInt) {
    let first = (start + Self.unit - 1) & ~(Self.unit - 1)
    let end = (start + count) & ~(Self.unit - 1)
    guard first < end, end - first >= 2 * Self.unit else { return }
    totalByteCount += Int(end - first)
    // SAFETY: the caller gave the memory up.
    unsafe header(at: first).pointee = Header(size: end - first, next: Self.inUseMark)
    insert(first)
  }

  /// Takes `count` bytes at a multiple of `alignment`, or returns nil when no block is large enough.
  mutating func allocate(count: UInt, alignment: UInt) -> UnsafeMutableRawPointer? {
    let alignment = max(alignment, Self.unit)
    guard alignment & (alignment - 1) == 0, count <= UInt(totalByteCount) else { return nil }
    let wanted = max((count + Self.unit - 1) & ~(Self.unit - 1), Self.unit) + Self.unit

    var previous: UInt = 0
    var block = firstFree
    while block != 0 {
      // SAFETY: `block` is on the free list, so it starts with a header that this heap wrote.
      let size = unsafe header(at: block).pointee.size
      let next = unsafe header(at: block).pointee.next
      let payload = (block + Self.unit + alignment - 1) & ~(alignment - 1)
      let start = payload - Self.unit
      if start + wanted <= block + size {
        let rest = block + size - (start + wanted)
        var tail = next
        if rest > 0 {
          tail = start + wanted
          unsafe header(at: tail).pointee = Header(size: rest, next: next)
        }
        if start > block {
          unsafe header(at: block).pointee = Header(size: start - block, next: tail)
        } else {
          link(previous, to: tail)
        }
        unsafe header(at: start).pointee = Header(size: wanted, next: Self.inUseMark)
        usedByteCount += Int(wanted)
        return unsafe UnsafeMutableRawPointer(bitPattern: payload)
      }
      previous = block
      block = next
    }
    return nil
  }

  /// Whether `address` may be that of a block: it lies in the image's arena.
  func contains(_ address: UInt) -> Bool {
    let start = UInt(apus_first_arena_address())
    return address >= start && address < start + UInt(APUS_FIRST_ARENA_SIZE)
  }

  /// Takes a block back.
  ///
  /// - Returns: false, changing nothing, when `pointer` is not a block in use: a double free or a stray pointer.
  mutating func release(_ pointer: UnsafeMutableRawPointer) -> Bool {
    let block = UInt(bitPattern: pointer) &- Self.unit
    // SAFETY: whatever the pointer is, Swift only frees what `allocate` returned, which a header precedes; the mark
    // catches a second release.
    guard block & (Self.unit - 1) == 0, unsafe header(at: block).pointee.next == Self.inUseMark else { return false }
    usedByteCount -= unsafe Int(header(at: block).pointee.size)
    insert(block)
    return true
  }

  private mutating func insert(_ block: UInt) {
    var previous: UInt = 0
    var next = firstFree
    while next != 0 && next < block {
      previous = next
      // SAFETY: on the free list.
      next = unsafe header(at: next).pointee.next
    }
    // SAFETY: `block`, `previous` and `next` all start with headers that this heap wrote.
    unsafe header(at: block).pointee.next = next
    if next != 0, unsafe block + header(at: block).pointee.size == next {
      unsafe header(at: block).pointee.size += header(at: next).pointee.size
      unsafe header(at: block).pointee.next = header(at: next).pointee.next
    }
    if previous != 0, unsafe previous + header(at: previous).pointee.size == block {
      unsafe header(at: previous).pointee.size += header(at: block).pointee.size
      unsafe header(at: previous).pointee.next = header(at: block).pointee.next
    } else {
      link(previous, to: block)
    }
  }

  private mutating func link(_ previous: UInt, to next: UInt) {
    if previous == 0 {
      firstFree = next
    } else {
      // SAFETY: on the free list.
      unsafe header(at: previous).pointee.next = next
    }
  }

  private func header(at address: UInt) -> UnsafeMutablePointer<Header> {
    // SAFETY: callers pass addresses of blocks, which are never 0.
    unsafe UnsafeMutablePointer(bitPattern: address).unsafelyUnwrapped
  }
}
