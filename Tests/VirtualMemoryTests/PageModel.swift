import Foundations
import Machine

@testable import VirtualMemory

/// A program's memory as a dictionary of pages: what the real one must look like.
struct PageModel {
  /// One page: where its bytes are, and what the program may do.
  struct Page {
    var protection: Protection
    /// What a shared page is part of; nil for a private one.
    var object: Object?
    var index = 0
    var privateCell = Cell()

    var isShared: Bool { object != nil }
    /// Where the bytes are; nil behind the end of the object.
    var cell: Cell? {
      guard let object else { return privateCell }
      return index < object.cells.count ? object.cells[index] : nil
    }
    /// The page that follows when the area grows.
    var next: Page { Page(protection: protection, object: object, index: index + 1) }
  }

  /// The first byte of a page. A class, so that pages can share one.
  final class Cell {
    var value: UInt8
    init(_ value: UInt8 = 0) { self.value = value }
  }

  /// Shared memory.
  final class Object {
    let cells: [Cell]
    init(pageCount: UInt64) { cells = (0..<pageCount).map { _ in Cell() } }
  }

  var pages: [UInt64: Page] = [:]

  mutating func map(_ range: Range<UInt64>, _ protection: Protection, _ object: Object? = nil) {
    for (index, page) in range.pages.enumerated() {
      pages[page] = Page(protection: protection, object: object, index: index)
    }
  }

  mutating func unmap(_ range: Range<UInt64>) {
    for page in range.pages { pages[page] = nil }
  }

  /// Whether all of it was mapped; changes what comes before the first hole.
  mutating func protect(_ range: Range<UInt64>, _ protection: Protection) -> Bool {
    for page in range.pages {
      guard pages[page] != nil else { return false }
      pages[page]?.protection = protection
    }
    return true
  }

  /// Whether all of it was mapped.
  mutating func discard(_ range: Range<UInt64>) -> Bool {
    var isWhole = true
    for page in range.pages {
      guard let old = pages[page] else {
        isWhole = false
        continue
      }
      if !old.isShared { pages[page]?.privateCell = Cell() }
    }
    return isWhole
  }

  mutating func move(_ old: Range<UInt64>, to new: Range<UInt64>) {
    let moved = old.pages.map { pages[$0] }
    unmap(old)
    // What is in a gap's new place stays there.
    for (from, page) in zip(moved, new.pages) where from != nil { pages[page] = from }
    if var last = moved.last.flatMap(\.self) {
      for page in new.pages.dropFirst(moved.count) {
        last = last.next
        pages[page] = last
      }
    }
  }

  func read(_ page: UInt64) -> UInt8? {
    guard let page = pages[page], !page.protection.isEmpty else { return nil }
    return page.cell?.value
  }

  func write(_ value: UInt8, _ page: UInt64) -> Bool {
    guard let page = pages[page], page.protection.contains(.write) else { return false }
    guard let cell = page.cell else { return false }
    cell.value = value
    return true
  }

  /// The child's memory: private pages get cells of their own.
  func clone() -> PageModel {
    var child = self
    for (address, page) in pages where !page.isShared {
      child.pages[address]?.privateCell = Cell(page.privateCell.value)
    }
    return child
  }
}

extension Range<UInt64> {
  /// The first addresses of the pages in it.
  var pages: [UInt64] { Array(stride(from: lowerBound, to: upperBound, by: 4096)) }
}
